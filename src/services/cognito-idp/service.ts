import { defineService } from '../../service/service.ts';
import { adminUsers } from './admin-users.ts';
import { attributes } from './attributes.ts';
import { authorisation } from './authorisation.ts';
import { clients } from './clients.ts';
import { confirmPage } from './confirm-page.ts';
import { documents } from './documents.ts';
import { domains } from './domains.ts';
import { groups } from './groups.ts';
import { hostedPages } from './hosted/door.ts';
import { passwords } from './passwords.ts';
import { pools } from './pools.ts';
import { resourceServers } from './resource-servers.ts';
import { secondFactors } from './second-factors.ts';
import { signIns } from './sign-ins.ts';
import { signUps } from './sign-ups.ts';
import { resourceTags, tags } from './tags.ts';
import { tokens } from './tokens.ts';
import { unsignedScope } from './unsigned-scope.ts';

/** Amazon Cognito user pools. */
export const cognitoIdp = defineService({
  name: 'cognito-idp',
  model: 'cognito-idp',
  operations: {
    ...pools,
    ...clients,
    ...domains,
    ...groups,
    ...tags,
    ...signUps,
    ...passwords,
    ...attributes,
    ...adminUsers,
    ...signIns,
    ...tokens,
    ...resourceServers,
    ...secondFactors,
  },
  authorisation,
  unsignedScope,
  resourceTags,
  frontDoors: [documents, confirmPage, hostedPages],
  validationCode: 'InvalidParameterException',
});
