import type { SqsErrorName } from '../../model/gen/sqs.ts';
import { type Fault, faults } from '../../service/faults.ts';

/** SQS's faults; some of its errors are in no model. */
export const fault = faults<SqsErrorName | 'MissingParameter'>();

export function noQueue(): Fault {
  return fault('QueueDoesNotExist', 'The specified queue does not exist.');
}

export function badValue(value: unknown, parameter: string, reason: string): Fault {
  return fault(
    'InvalidParameterValue',
    `Value ${value} for parameter ${parameter} is invalid. Reason: ${reason}`,
  );
}

export function missing(parameter: string): Fault {
  return fault('MissingParameter', `The request must contain the parameter ${parameter}.`);
}
