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
});
