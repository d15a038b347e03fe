import { defineService } from '../../service/service.ts';
import { accounts, createAccount, removeClosedAccount } from './accounts.ts';
import { allFeatures } from './all-features.ts';
import { attachments } from './attachments.ts';
import { authorisation } from './authorisation.ts';
import { onBehalf, resourcePolicy } from './delegation.ts';
import { delegations } from './delegations.ts';
import { refuseInput } from './fault.ts';
import { handshakes } from './handshakes.ts';
import { organizations as organizationOperations } from './organizations.ts';
import { policies } from './policies.ts';
import { resourcePolicies } from './resource-policies.ts';
import { resourceTags, tags } from './tags.ts';
import { units } from './units.ts';

/** Accounts under common policies; `port.ts` is where decisions ask for them. */
export const organizations = defineService({
  name: 'organizations',
  model: 'organizations',
  operations: onBehalf({
    ...organizationOperations,
    ...units,
    ...accounts,
    ...delegations,
    ...policies,
    ...attachments,
    ...handshakes,
    ...allFeatures,
    ...tags,
    ...resourcePolicies,
  }),
  authorisation,
  resourcePolicy,
  resourceTags,
  refuseAlone: refuseInput,
  jobs: { createAccount, removeClosedAccount },
});
