import type { DynamodbErrorName } from '../../model/gen/dynamodb.ts';
import { type Fault, faults } from '../../service/faults.ts';

export const fault = faults<DynamodbErrorName>();

/** What DynamoDB answers to nearly every mistake in a request. */
export function invalid(message: string): Fault {
  return fault('ValidationException', message);
}

/** The older wording, shared by the checks of single parameters. */
export function invalidParameter(message: string): Fault {
  return invalid(`One or more parameter values were invalid: ${message}`);
}
