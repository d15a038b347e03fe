import { defineService } from '../../service/service.ts';
import { authorisation } from './authorisation.ts';
import { authorizationMessages } from './authorization-messages.ts';
import { callers } from './callers.ts';
import { rootSessions } from './root-sessions.ts';
import { samlSessions } from './saml-sessions.ts';
import { sessions } from './sessions.ts';
import { webIdentities } from './web-identities.ts';

/** STS keeps no rows: a session is its token. IAM's identity port issues and reads them. */
export const sts = defineService({
  name: 'sts',
  model: 'sts',
  operations: {
    ...authorizationMessages,
    ...callers,
    ...rootSessions,
    ...sessions,
    ...samlSessions,
    ...webIdentities,
  },
  authorisation,
  // Who has no account yet asks for a role of somebody's: it is that account's to know.
  unsignedScope: async ({ RoleArn }, ctx) => {
    const role = typeof RoleArn === 'string' ? await ctx.ports.identity.role(RoleArn) : undefined;
    return role && { account: role.account, region: ctx.region };
  },
});
