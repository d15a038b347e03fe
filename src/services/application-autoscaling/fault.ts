import type { ApplicationAutoscalingErrorName } from '../../model/gen/application-autoscaling.ts';
import { type Fault, faults } from '../../service/faults.ts';

export const fault = faults<ApplicationAutoscalingErrorName>();

export function invalid(message: string): Fault {
  return fault('ValidationException', message);
}

/** What is not there yet is refused by name rather than ignored. */
export function unwritten(what: string): Fault {
  return fault('NotImplemented', `Lambent does not have Application Auto Scaling's ${what} yet`);
}
