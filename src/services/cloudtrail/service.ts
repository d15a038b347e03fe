import { defineService } from '../../service/service.ts';
import { authorisation } from './authorisation.ts';
import { deliver } from './delivery.ts';
import { digest } from './digest.ts';
import { eventSelectors } from './event-selectors.ts';
import { lookups } from './lookups.ts';
import { retention } from './retention.ts';
import { signingKeys } from './signing-key.ts';
import { resourceTags, trailTags } from './trail-tags.ts';
import { trails } from './trails.ts';

/** The record of what was done: see `port.ts` for how it comes here. */
export const cloudtrail = defineService({
  name: 'cloudtrail',
  model: 'cloudtrail',
  operations: { ...lookups, ...trails, ...eventSelectors, ...trailTags, ...signingKeys },
  authorisation,
  resourceTags,
  jobs: { ...retention, deliver, digest },
});
