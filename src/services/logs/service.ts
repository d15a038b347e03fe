import { defineService } from '../../service/service.ts';
import { authorisation } from './authorisation.ts';
import { filtering } from './filtering.ts';
import { getting } from './getting.ts';
import { groups } from './groups.ts';
import { purgeGroup, purgeStream, retain } from './purging.ts';
import { putting } from './putting.ts';
import { streams } from './streams.ts';
import { resourceTags, tags } from './tags.ts';

export const logs = defineService({
  name: 'logs',
  model: 'logs',
  operations: { ...groups, ...streams, ...putting, ...getting, ...filtering, ...tags },
  authorisation,
  resourceTags,
  jobs: { 'purge-group': purgeGroup, 'purge-stream': purgeStream, retain },
});
