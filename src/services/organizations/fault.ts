import type {
  ConstraintViolationExceptionReason,
  InvalidInputExceptionReason,
  OrganizationsErrorName,
} from '../../model/gen/organizations.ts';
import { faults } from '../../service/faults.ts';

export const fault = faults<OrganizationsErrorName>();

export function constraint(reason: ConstraintViolationExceptionReason, message: string) {
  return fault('ConstraintViolationException', message, { Reason: reason });
}

export function invalidInput(reason: InvalidInputExceptionReason, message: string) {
  return fault('InvalidInputException', message, { Reason: reason });
}
