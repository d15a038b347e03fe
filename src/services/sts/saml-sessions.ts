import { createHash } from 'node:crypto';
import type { Document, Element } from '@xmldom/xmldom';
import { parseArn } from '../../base/arn.ts';
import type { StsOperations } from '../../model/gen/sts.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { readMetadata, type SamlMetadata } from '../../wire/saml-metadata.ts';
import { childrenOf, descendantsOf, parseXml } from '../../wire/saml-xml.ts';
import { fault } from './fault.ts';
import { federatedSession, readProvider } from './federation.ts';
import { notAuthorised } from './role-trust.ts';
import { readAssertion, type SamlAssertion } from './saml-assertion.ts';
import { decryptedAssertion } from './saml-encryption.ts';
import { ASSERTION, PROTOCOL, signedAssertion, signedEncryptedAssertion } from './saml-signature.ts';
import { HOUR_SECONDS } from './session.ts';

const ACTION = 'sts:AssumeRoleWithSAML';
const SUCCESS = 'urn:oasis:names:tc:SAML:2.0:status:Success';

/**
 * Roles for whom a SAML 2.0 provider vouches. The caller signs nothing: the assertion is the identity.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
 */
export const samlSessions = {
  async AssumeRoleWithSAML(input, ctx) {
    const { RoleArn, PrincipalArn: providerArn } = input;
    const account = parseArn(providerArn)?.account ?? '';
    const assertion = await verify(input.SAMLAssertion, providerArn, account, ctx);
    const meant = assertion.roles.some(
      (pair) => pair.roleArn === RoleArn && pair.providerArn === providerArn,
    );
    const role = await ctx.ports.identity.role(RoleArn);
    // A provider vouches for roles of its own account, and for those it names.
    if (!meant || role?.account !== account) throw notAuthorised(ACTION);
    const nameQualifier = qualifierOf(assertion.issuer, providerArn);
    const issued = await federatedSession(
      role,
      {
        ...input,
        ...assertion,
        action: ACTION,
        providerArn,
        account,
        seconds: secondsFor(input.DurationSeconds, assertion, ctx),
        keys: { ...factsOf(assertion, nameQualifier, providerArn), ...assertion.keys },
      },
      ctx,
    );
    return {
      ...issued,
      Subject: assertion.subject,
      SubjectType: assertion.subjectType,
      Issuer: assertion.issuer,
      Audience: assertion.recipient,
      NameQualifier: nameQualifier,
    };
  },
} satisfies Group<StsOperations>;

/** The provider must be the one of the ARN, and one of its keys must have signed what is read. */
async function verify(
  encoded: string,
  providerArn: string,
  account: string,
  ctx: Context,
): Promise<SamlAssertion> {
  const text = decoded(encoded);
  const response = parseXml(text);
  const root = response?.documentElement;
  if (response === undefined || root?.namespaceURI !== PROTOCOL || root.localName !== 'Response')
    throw invalid('Invalid SAML response');
  checkStatus(root);
  const provider = await readProvider<Provider>(
    'GetSAMLProvider',
    { SAMLProviderArn: providerArn },
    account,
    ctx,
  );
  const metadata = readMetadata(provider?.SAMLMetadataDocument ?? '');
  if (metadata === undefined) throw invalid("Specified provider doesn't exist");
  const assertion = await opened(response, text, metadata, { ...provider, arn: providerArn }, ctx);
  if (assertion === undefined) throw invalid('Response signature invalid');
  const read = readAssertion(assertion, ctx.world.clock.now());
  if (read.issuer !== metadata.entityId) throw invalid('Issuer not present in specified provider');
  return read;
}

interface Provider {
  readonly SAMLMetadataDocument?: string;
  readonly AssertionEncryptionMode?: 'Required' | 'Allowed';
}

/** The signed assertion of a response, decrypted where the provider encrypts. */
async function opened(
  response: Document,
  text: string,
  { certificates }: SamlMetadata,
  provider: Provider & { readonly arn: string },
  { ports }: Context,
): Promise<Element | undefined> {
  if (descendantsOf(response, ASSERTION, 'EncryptedAssertion').length === 0) {
    if (provider.AssertionEncryptionMode === 'Required')
      throw invalid('The SAML provider requires encrypted assertions');
    return signedAssertion(response, text, certificates);
  }
  const keys = await ports.identity.samlPrivateKeys(provider.arn);
  return signedEncryptedAssertion(response, text, certificates, (encrypted) =>
    decryptedAssertion(encrypted, keys),
  );
}

function decoded(encoded: string): string {
  const base64 = encoded.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw invalid('Invalid base64 SAMLResponse');
  return Buffer.from(base64, 'base64').toString();
}

/** What the provider itself refused is no token; nobody has to have signed a refusal. */
function checkStatus(response: Element): void {
  const [status] = childrenOf(response, PROTOCOL, 'Status');
  const [code] = status === undefined ? [] : childrenOf(status, PROTOCOL, 'StatusCode');
  if (code?.getAttribute('Value') !== SUCCESS)
    throw fault('IDPRejectedClaim', 'The identity provider reported that authentication failed.');
}

function invalid(message: string) {
  return fault('InvalidIdentityToken', message);
}

/** The caller's wish goes before the provider's, and neither outlasts the provider's own session. */
function secondsFor(
  asked: number | undefined,
  { durationSeconds, endsAtMs }: SamlAssertion,
  ctx: Context,
): number {
  const seconds = asked ?? durationSeconds ?? HOUR_SECONDS;
  if (endsAtMs === undefined) return seconds;
  const left = Math.floor((endsAtMs - ctx.world.clock.now()) / 1000);
  if (left <= 0) throw fault('ExpiredTokenException', 'Token must be redeemed within 5 minutes of issuance');
  return Math.min(seconds, left);
}

/** Tells subjects of the same name of different providers apart. */
function qualifierOf(issuer: string, providerArn: string): string {
  const { account = '', resource = '' } = parseArn(providerArn) ?? {};
  const name = resource.slice(resource.indexOf('/') + 1);
  return createHash('sha1').update(`${issuer}${account}/${name}`).digest('base64');
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-saml */
function factsOf(
  { recipient, issuer, subject, subjectType }: SamlAssertion,
  nameQualifier: string,
  providerArn: string,
): Readonly<Record<string, string>> {
  const { account = '', resource = '' } = parseArn(providerArn) ?? {};
  return {
    'saml:aud': recipient,
    'saml:iss': issuer,
    'saml:sub': subject,
    'saml:sub_type': subjectType,
    'saml:namequalifier': nameQualifier,
    'saml:doc': `${account}/${resource.slice(resource.indexOf('/') + 1)}`,
  };
}
