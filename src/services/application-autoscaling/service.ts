import { defineService } from '../../service/service.ts';
import { activities } from './activities.ts';
import { authorisation } from './authorisation.ts';
import { policies } from './policies.ts';
import { evaluate } from './scaling.ts';
import { act, scheduledActions } from './scheduled-actions.ts';
import { resourceTags, tags } from './tags.ts';
import { targets } from './targets.ts';

/** https://docs.aws.amazon.com/autoscaling/application/APIReference/ */
export const applicationAutoscaling = defineService({
  name: 'application-autoscaling',
  model: 'application-autoscaling',
  operations: { ...targets, ...policies, ...scheduledActions, ...activities, ...tags },
  authorisation,
  resourceTags,
  jobs: { evaluate, act },
});
