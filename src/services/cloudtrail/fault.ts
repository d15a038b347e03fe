import type { CloudtrailErrorName } from '../../model/gen/cloudtrail.ts';
import { faults } from '../../service/faults.ts';

export const fault = faults<CloudtrailErrorName>();
