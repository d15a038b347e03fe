import type { SnsErrorName } from '../../model/gen/sns.ts';
import { type Fault, faults } from '../../service/faults.ts';

/** SNS's faults. */
export const fault = faults<SnsErrorName>();

export const INVALID = 'Invalid parameter: ';

/** `Invalid parameter: …` */
export function invalid(what: string): Fault {
  return fault('InvalidParameterException', `${INVALID}${what}`);
}

export function noTopic(): Fault {
  return fault('NotFoundException', 'Topic does not exist');
}

export function noSubscription(): Fault {
  return fault('NotFoundException', 'Subscription does not exist');
}
