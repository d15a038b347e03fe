import type { StsErrorName } from '../../model/gen/sts.ts';
import { Fault, faults } from '../../service/faults.ts';

export const fault = faults<StsErrorName>();

/** STS answers a refusal with 403. */
export function accessDenied(message: string): Fault {
  return new Fault('AccessDenied', message, {}, 403);
}
