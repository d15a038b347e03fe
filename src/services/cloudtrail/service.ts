import { defineService } from '../../service/service.ts';
import { authorisation } from './authorisation.ts';
import { lookups } from './lookups.ts';
import { retention } from './retention.ts';

/** The record of what was done: see `port.ts` for how it comes here. */
export const cloudtrail = defineService({
  name: 'cloudtrail',
  model: 'cloudtrail',
  operations: { ...lookups },
  authorisation,
  jobs: retention,
});
