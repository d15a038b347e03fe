import { defineService } from '../../service/service.ts';
import { authorisation } from './authorisation.ts';
import { authorizationMessages } from './authorization-messages.ts';
import { callers } from './callers.ts';
import { identityTokens } from './identity-tokens.ts';
import { rootSessions } from './root-sessions.ts';
import { samlSessions } from './saml-sessions.ts';
import { sessions } from './sessions.ts';
import { tokenDocuments } from './token-issuer.ts';
import { webIdentities } from './web-identities.ts';

/** Sessions are their tokens: IAM's identity port issues and reads them. */
export const sts = defineService({
  name: 'sts',
  model: 'sts',
  operations: {
    ...authorizationMessages,
    ...callers,
    ...identityTokens,
    ...rootSessions,
    ...sessions,
    ...samlSessions,
    ...webIdentities,
  },
  authorisation,
  frontDoors: [tokenDocuments],
  // Who has no account yet asks for a role of somebody's: it is that account's to know.
  unsignedScope: async ({ RoleArn }, ctx) => {
    const role = typeof RoleArn === 'string' ? await ctx.ports.identity.role(RoleArn) : undefined;
    return role && { account: role.account, region: ctx.region };
  },
});
