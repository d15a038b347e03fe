import { fault } from './fault.ts';

const SHAPE = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const RESERVED_START = /^(?:xn--|sthree-|amzn-s3-demo-)/;
const RESERVED_END = /(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
export function checkBucketName(name: string): void {
  const good =
    SHAPE.test(name) &&
    !name.includes('..') &&
    !ADDRESS.test(name) &&
    !RESERVED_START.test(name) &&
    !RESERVED_END.test(name);
  if (!good) throw fault('InvalidBucketName', 'The specified bucket is not valid.', { BucketName: name });
}

const LONGEST_KEY = 1024;

/** Keys are up to 1,024 bytes of UTF-8. */
export function checkKey(key: string): void {
  if (key.length * 3 <= LONGEST_KEY) return;
  const size = Buffer.byteLength(key);
  if (size > LONGEST_KEY) {
    throw fault('KeyTooLongError', 'Your key is too long', { Size: size, MaxSizeAllowed: LONGEST_KEY });
  }
}
