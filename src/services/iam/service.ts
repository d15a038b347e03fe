import { defineService } from '../../service/service.ts';
import { accessKeys } from './access-keys.ts';
import { accountDetails } from './account-details.ts';
import { accounts } from './accounts.ts';
import { attachments } from './attachments.ts';
import { authorisation } from './authorisation.ts';
import { boundaries } from './boundaries.ts';
import { credentialReports } from './credential-reports.ts';
import { groups } from './groups.ts';
import { inlinePolicies } from './inline-policies.ts';
import { instanceProfiles } from './instance-profiles.ts';
import { loginProfiles } from './login-profiles.ts';
import { mfaDevices } from './mfa-devices.ts';
import { openIdProviders } from './open-id-providers.ts';
import { organizationFeatures } from './organization-features.ts';
import { organizationsAccess } from './organizations-access.ts';
import { outboundFederation } from './outbound-federation.ts';
import { policies } from './policies.ts';
import { roles } from './roles.ts';
import { samlProviders } from './saml-providers.ts';
import { serverCertificates } from './server-certificates.ts';
import { serviceCredentials } from './service-credentials.ts';
import { serviceLastAccessed } from './service-last-accessed.ts';
import { serviceLinkedRoles } from './service-linked-roles.ts';
import { signingCertificates } from './signing-certificates.ts';
import { simulations } from './simulations.ts';
import { sshPublicKeys } from './ssh-public-keys.ts';
import { resourceTags, tags } from './tags.ts';
import { users } from './users.ts';

export const iam = defineService({
  name: 'iam',
  model: 'iam',
  operations: {
    ...users,
    ...groups,
    ...roles,
    ...inlinePolicies,
    ...policies,
    ...attachments,
    ...boundaries,
    ...accessKeys,
    ...loginProfiles,
    ...mfaDevices,
    ...instanceProfiles,
    ...openIdProviders,
    ...samlProviders,
    ...serviceLinkedRoles,
    ...tags,
    ...simulations,
    ...accounts,
    ...accountDetails,
    ...serverCertificates,
    ...credentialReports,
    ...serviceLastAccessed,
    ...sshPublicKeys,
    ...signingCertificates,
    ...serviceCredentials,
    ...organizationFeatures,
    ...outboundFederation,
    ...organizationsAccess,
  },
  authorisation,
  resourceTags,
});
