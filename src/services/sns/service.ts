import { defineService } from '../../service/service.ts';
import { sweepArchive } from './archiving.ts';
import { authorisation } from './authorisation.ts';
import { ask, expire } from './confirming.ts';
import { dataProtection } from './data-protection.ts';
import { deliver, deliverLine } from './delivering.ts';
import { certificateDoor, pagesDoor } from './front-door.ts';
import { permissions } from './permissions.ts';
import { platformApplications } from './platform-applications.ts';
import { platformEndpoints } from './platform-endpoints.ts';
import { resourcePolicy, resourceTags } from './policy.ts';
import { publications } from './publications.ts';
import { forgetDuplicate } from './publishing.ts';
import { refuseMissing } from './refusing.ts';
import { replay } from './replaying.ts';
import { repliesDoor } from './replies.ts';
import { sandbox } from './sandbox.ts';
import { texting } from './sms.ts';
import { subscriptions } from './subscriptions.ts';
import { tags } from './tags.ts';
import { topics } from './topics.ts';

export const sns = defineService({
  name: 'sns',
  model: 'sns',
  operations: {
    ...topics,
    ...permissions,
    ...tags,
    ...subscriptions,
    ...publications,
    ...texting,
    ...dataProtection,
    ...platformApplications,
    ...platformEndpoints,
    ...sandbox,
  },
  stored: ['PutDataProtectionPolicy'],
  authorisation,
  resourcePolicy,
  refuseAlone: refuseMissing,
  denial: { code: 'AuthorizationErrorException', status: 403 },
  resourceTags,
  frontDoors: [certificateDoor, pagesDoor, repliesDoor],
  jobs: {
    deliver,
    'deliver-line': deliverLine,
    'forget-duplicate': forgetDuplicate,
    ask,
    expire,
    replay,
    'sweep-archive': sweepArchive,
  },
});
