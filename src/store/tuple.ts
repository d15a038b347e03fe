export type TuplePart = string | number | bigint | boolean | null | Uint8Array;
