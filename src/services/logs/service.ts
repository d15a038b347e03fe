import { defineService } from '../../service/service.ts';
import { authorisation } from './authorisation.ts';
import { filtering } from './filtering.ts';
import { getting } from './getting.ts';
import { groups } from './groups.ts';
import { liveTail } from './live-tail.ts';
import { metricFilters } from './metric-filters.ts';
import { purgeGroup, purgeStream, retain } from './purging.ts';
import { putting } from './putting.ts';
import { streams } from './streams.ts';
import { deliverToSubscriber } from './subscribing.ts';
import { subscriptions } from './subscriptions.ts';
import { resourceTags, tags } from './tags.ts';

export const logs = defineService({
  name: 'logs',
  model: 'logs',
  validationCode: 'InvalidParameterException',
  operations: {
    ...groups,
    ...streams,
    ...putting,
    ...getting,
    ...filtering,
    ...tags,
    ...subscriptions,
    ...metricFilters,
    ...liveTail,
  },
  stored: ['PutMetricFilter'],
  authorisation,
  resourceTags,
  jobs: { 'purge-group': purgeGroup, 'purge-stream': purgeStream, retain, subscribe: deliverToSubscriber },
});
