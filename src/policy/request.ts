/** Values of condition context keys; a key that is absent is not in the request. Keys compare without regard to case. */
export type ContextValues = Readonly<Record<string, ContextValue>>;
export type ContextValue = string | number | boolean | readonly string[];
