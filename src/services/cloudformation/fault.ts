import type { CloudformationErrorName } from '../../model/gen/cloudformation.ts';
import { type Fault, faults } from '../../service/faults.ts';

export const fault = faults<CloudformationErrorName>();

/** CloudFormation answers most mistakes with `ValidationError`. */
export function validationError(message: string): Fault {
  return fault('ValidationError', message);
}
