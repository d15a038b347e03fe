import { invalid } from './fault.ts';

/**
 * DynamoDB's number: up to 38 significant decimal digits, magnitudes 1E-130 to 9.99…E+125, exact.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
 *
 * The value is ±d₁.d₂d₃… × 10^exponent; zero has no digits.
 */
interface Decimal {
  readonly negative: boolean;
  /** Significant digits without zeros at either end. */
  readonly digits: string;
  readonly exponent: number;
}

const MOST_DIGITS = 38;
const LARGEST_EXPONENT = 125;
const SMALLEST_EXPONENT = -130;

/** Texts that already are what DynamoDB prints: most numbers, so they are told apart before any parsing. */
const NORMALISED = /^(?:0|-?[1-9]\d{0,37}|-?(?:0|[1-9]\d{0,17})\.\d{0,18}[1-9])$/;
const INTEGER_WITH_ZEROS = /^-?\d{1,38}$/;
const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/;
const ZERO: Decimal = { negative: false, digits: '', exponent: 0 };

function parse(text: string): Decimal {
  const match = NUMBER.exec(text);
  if (match === null || (match[2] === '' && (match[3] ?? '') === '')) {
    throw invalid(
      text === ''
        ? 'The parameter cannot be converted to a numeric value'
        : `The parameter cannot be converted to a numeric value: ${text}`,
    );
  }
  const [, sign, integer = '', fraction = '', power = '0'] = match;
  const all = integer + fraction;
  let first = 0;
  while (first < all.length && all.charCodeAt(first) === 48) first++;
  if (first === all.length) return ZERO;
  let end = all.length;
  while (all.charCodeAt(end - 1) === 48) end--;
  return {
    negative: sign === '-',
    digits: all.slice(first, end),
    exponent: integer.length - 1 - first + Number(power),
  };
}

function overflow() {
  return invalid('Number overflow. Attempting to store a number with magnitude larger than supported range');
}

function checked(decimal: Decimal): Decimal {
  if (decimal.digits === '') return decimal;
  if (decimal.exponent > LARGEST_EXPONENT) {
    throw overflow();
  }
  if (decimal.exponent < SMALLEST_EXPONENT) {
    throw invalid(
      'Number underflow. Attempting to store a number with magnitude smaller than supported range',
    );
  }
  if (decimal.digits.length > MOST_DIGITS) {
    throw invalid('Attempting to store more than 38 significant digits in a Number');
  }
  return decimal;
}

/** Plain notation, never with an exponent. */
function print({ negative, digits, exponent }: Decimal): string {
  if (digits === '') return '0';
  const sign = negative ? '-' : '';
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (exponent >= digits.length - 1) return sign + digits + '0'.repeat(exponent - digits.length + 1);
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** True when {@link normaliseNumber} would return the text itself. */
export function isNormalisedNumber(text: string): boolean {
  return NORMALISED.test(text);
}

/** A number as DynamoDB stores and prints it. Throws a fault for what is not a number or does not fit. */
export function normaliseNumber(text: string): string {
  return NORMALISED.test(text) ? text : print(checked(parse(text)));
}

/** Negative, zero or positive, as `a` is less than, equal to or greater than `b`. */
export function compareNumbers(a: string, b: string): number {
  if (a === b) return 0;
  // Decimals of up to 15 digits map to distinct doubles in the same order.
  if (a.length <= 15 && b.length <= 15 && NORMALISED.test(a) && NORMALISED.test(b))
    return Number(a) - Number(b);
  const left = parse(a);
  const right = parse(b);
  const leftSign = sign(left);
  const rightSign = sign(right);
  if (leftSign !== rightSign) return leftSign - rightSign;
  return leftSign * compareMagnitudes(left, right);
}

function sign({ negative, digits }: Decimal): number {
  if (digits === '') return 0;
  return negative ? -1 : 1;
}

function compareMagnitudes(a: Decimal, b: Decimal): number {
  if (a.exponent !== b.exponent) return a.exponent - b.exponent;
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -1 : 1;
}

/** The exact sum, normalised; a fault when it does not fit. */
export function addNumbers(a: string, b: string): string {
  return combine(a, b, false);
}

/** The exact difference, normalised; a fault when it does not fit. */
export function subtractNumbers(a: string, b: string): string {
  return combine(a, b, true);
}

function combine(a: string, b: string, subtract: boolean): string {
  if (a.length <= 15 && b.length <= 15 && INTEGER_WITH_ZEROS.test(a) && INTEGER_WITH_ZEROS.test(b)) {
    const sum = subtract ? Number(a) - Number(b) : Number(a) + Number(b);
    return sum === 0 ? '0' : String(sum);
  }
  const left = checked(parse(a));
  const right = checked(parse(b));
  const scale = Math.max(fractionDigits(left), fractionDigits(right));
  const leftUnits = units(left, scale);
  const rightUnits = units(right, scale);
  const sum = subtract ? leftUnits - rightUnits : leftUnits + rightUnits;
  const negative = sum < 0n;
  const text = (negative ? -sum : sum).toString();
  const result = parse(`${negative ? '-' : ''}${text}e${-scale}`);
  // DynamoDB has the same words for a result that needs more digits than there are.
  if (result.digits.length > MOST_DIGITS) throw overflow();
  return print(checked(result));
}

function fractionDigits({ digits, exponent }: Decimal): number {
  return Math.max(0, digits.length - 1 - exponent);
}

function units({ negative, digits, exponent }: Decimal, scale: number): bigint {
  if (digits === '') return 0n;
  const magnitude = BigInt(digits) * 10n ** BigInt(scale - (digits.length - 1 - exponent));
  return negative ? -magnitude : magnitude;
}

/**
 * Bytes whose unsigned order is the numbers' order, at most 22: a sign byte; the exponent + 130, complemented for
 * negative numbers; pairs of digits + 1, or 101 − pair; a terminator that lets a longer number of the same start
 * sort on the right side. Self-delimiting, so another key component may follow.
 */
export function encodeNumber(text: string): Uint8Array {
  const { negative, digits, exponent } = checked(parse(text));
  if (digits === '') return Uint8Array.of(1);
  const pairs = (digits.length + 1) >> 1;
  const bytes = new Uint8Array(pairs + 3);
  bytes[0] = negative ? 0 : 2;
  const biased = exponent - SMALLEST_EXPONENT;
  bytes[1] = negative ? 255 - biased : biased;
  for (let index = 0; index < pairs; index++) {
    const tens = digits.charCodeAt(2 * index) - 48;
    const ones = 2 * index + 1 < digits.length ? digits.charCodeAt(2 * index + 1) - 48 : 0;
    const pair = tens * 10 + ones;
    bytes[index + 2] = negative ? 101 - pair : pair + 1;
  }
  bytes[pairs + 2] = negative ? 255 : 0;
  return bytes;
}

/** What a number adds to an item's size: a byte, one for each pair of digits (aligned at the point), one for a minus. */
export function numberSize(text: string): number {
  const { negative, digits, exponent } = parse(text);
  if (digits === '') return 1;
  const pairs = Math.floor(exponent / 2) - Math.floor((exponent - digits.length + 1) / 2) + 1;
  return 1 + pairs + (negative ? 1 : 0);
}

/**
 * The bytes of a number that DynamoDB hashes to place its partition: pairs of digits aligned at the point, behind
 * their exponent in base 100; as recordings of scans of real tables show them.
 */
export function placedNumber(text: string): Uint8Array {
  const { negative, digits, exponent } = checked(parse(text));
  if (digits === '') return Uint8Array.of(0x80);
  const first = Math.floor(exponent / 2);
  const aligned = exponent % 2 === 0 ? `0${digits}` : digits;
  const pairs = (aligned.length + 1) >> 1;
  const bytes = new Uint8Array(pairs + (negative && pairs < 20 ? 2 : 1));
  bytes[0] = negative ? ~(first - 63) : first - 63;
  for (let index = 0; index < pairs; index++) {
    const pair = Number(aligned.slice(2 * index, 2 * index + 2).padEnd(2, '0'));
    bytes[index + 1] = negative ? 101 - pair : pair + 1;
  }
  if (negative && pairs < 20) bytes[pairs + 1] = 102;
  return bytes;
}
