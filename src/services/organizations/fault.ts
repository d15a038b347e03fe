import type {
  ConstraintViolationExceptionReason,
  InvalidInputExceptionReason,
  OrganizationsErrorName,
} from '../../model/gen/organizations.ts';
import type { Violation } from '../../model/violation.ts';
import { faults } from '../../service/faults.ts';

export const fault = faults<OrganizationsErrorName>();

export function constraint(reason: ConstraintViolationExceptionReason, message: string) {
  return fault('ConstraintViolationException', message, { Reason: reason });
}

export function invalidInput(reason: InvalidInputExceptionReason, message: string) {
  return fault('InvalidInputException', message, { Reason: reason });
}

/** Input that the model refuses is told in these words, and not which member it is. */
export function refuseInput(_input: unknown, [first]: readonly Violation[]): void {
  if (first === undefined) return;
  const [reason, message] = REFUSALS[first.constraint.kind] ?? PATTERN;
  throw invalidInput(reason, message);
}

type Refusal = readonly [InvalidInputExceptionReason, message: string];

const PATTERN: Refusal = [
  'INVALID_PATTERN',
  'You provided a value that does not match the required pattern.',
];
const REFUSALS: Partial<Record<Violation['constraint']['kind'], Refusal>> = {
  required: ['INPUT_REQUIRED', 'You must include a value for all required parameters.'],
  enum: ['INVALID_ENUM', 'You specified an invalid value.'],
  minLength: ['MIN_LENGTH_EXCEEDED', 'You provided a string parameter that is shorter than allowed.'],
  maxLength: ['MAX_LENGTH_EXCEEDED', 'You provided a string parameter that is longer than allowed.'],
  minValue: ['MIN_VALUE_EXCEEDED', 'You provided a numeric value that is smaller than allowed.'],
  maxValue: ['MAX_VALUE_EXCEEDED', 'You provided a numeric value that is larger than allowed.'],
};
