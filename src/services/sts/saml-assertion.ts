import type { Element } from '@xmldom/xmldom';
import type { Tag } from '../../model/gen/sts.ts';
import { childrenOf, textOf } from '../../wire/saml-xml.ts';
import { fault } from './fault.ts';
import { ASSERTION } from './saml-signature.ts';

/**
 * What a SAML assertion says, as AWS reads it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html
 */
export interface SamlAssertion {
  readonly issuer: string;
  readonly subject: string;
  /** The format of the subject's name, without the prefix of SAML's own. */
  readonly subjectType: string;
  /** Where the assertion was to be presented. */
  readonly recipient: string;
  readonly roles: readonly RolePair[];
  readonly sessionName: string;
  /** Of the attribute SessionDuration. */
  readonly durationSeconds: number | undefined;
  /** When the provider wants the session to end. */
  readonly endsAtMs: number | undefined;
  readonly sourceIdentity: string | undefined;
  readonly tags: readonly Tag[];
  readonly transitiveTagKeys: readonly string[];
  /** Attributes with a name of a directory's schema, as the context keys they become. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
}

export interface RolePair {
  readonly roleArn: string;
  readonly providerArn: string;
}

const ATTRIBUTES = 'https://aws.amazon.com/SAML/Attributes/';
const PRINCIPAL_TAG = `${ATTRIBUTES}PrincipalTag:`;
const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
const NAME_FORMATS = /^urn:oasis:names:tc:SAML:[\d.]+:nameid-format:/;
const SIGN_IN = /^https:\/\/(?:[a-z]{2}(?:-[a-z]+)+-\d\.)?signin\.aws\.amazon\.com\/saml(?:\/acs\/\w+)?$/;
const SERVICE = 'urn:amazon:webservices';
const NAME = /^[\w+=,.@-]{2,64}$/;
const REDEEM_MS = 5 * 60 * 1000;
const MOST_SKEW_MS = 5 * 60 * 1000;
const DAY_SECONDS = 24 * 60 * 60;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-saml */
const DIRECTORY_NAMES: Readonly<Record<string, string>> = {
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.1': 'saml:eduPersonAffiliation',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.2': 'saml:eduPersonNickname',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.3': 'saml:eduPersonOrgDN',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.4': 'saml:eduPersonOrgUnitDN',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.5': 'saml:eduPersonPrimaryAffiliation',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.6': 'saml:eduPersonPrincipalName',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.7': 'saml:eduPersonEntitlement',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.8': 'saml:eduPersonPrimaryOrgUnitDN',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.9': 'saml:eduPersonScopedAffiliation',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.10': 'saml:eduPersonTargetedID',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.11': 'saml:eduPersonAssurance',
  'urn:oid:1.3.6.1.4.1.5923.1.2.1.2': 'saml:eduOrgHomePageURI',
  'urn:oid:1.3.6.1.4.1.5923.1.2.1.3': 'saml:eduOrgIdentityAuthNPolicyURI',
  'urn:oid:1.3.6.1.4.1.5923.1.2.1.4': 'saml:eduOrgLegalName',
  'urn:oid:1.3.6.1.4.1.5923.1.2.1.5': 'saml:eduOrgSuperiorURI',
  'urn:oid:1.3.6.1.4.1.5923.1.2.1.6': 'saml:eduOrgWhitePagesURI',
  'urn:oid:2.5.4.3': 'saml:cn',
  'urn:oid:2.5.4.4': 'saml:surname',
  'urn:oid:2.5.4.42': 'saml:givenName',
  'urn:oid:0.9.2342.19200300.100.1.3': 'saml:mail',
  'urn:oid:0.9.2342.19200300.100.1.1': 'saml:uid',
  'urn:oid:0.9.2342.19200300.100.1.45': 'saml:organizationStatus',
  'urn:oid:2.5.4.45': 'saml:x500UniqueIdentifier',
  'http://schemas.xmlsoap.org/claims/CommonName': 'saml:commonName',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name': 'saml:name',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname': 'saml:givenName',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname': 'saml:surname',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress': 'saml:mail',
  'http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid': 'saml:primaryGroupSID',
};

/** Reads an assertion whose signature is known to be good; throws what AWS answers to one that does not hold now. */
export function readAssertion(assertion: Element, nowMs: number): SamlAssertion {
  checkConditions(assertion, nowMs);
  const [subject] = childrenOf(assertion, ASSERTION, 'Subject');
  const [name] = subject === undefined ? [] : childrenOf(subject, ASSERTION, 'NameID');
  const attributes = attributesOf(assertion);
  const one = (attribute: string) => attributes.get(`${ATTRIBUTES}${attribute}`)?.[0];
  return {
    issuer: textOf(assertion, ASSERTION, 'Issuer') ?? '',
    subject: name?.textContent?.trim() ?? '',
    subjectType: (name?.getAttribute('Format') ?? '').replace(NAME_FORMATS, ''),
    recipient: recipientOf(subject, nowMs),
    roles: (attributes.get(`${ATTRIBUTES}Role`) ?? []).flatMap(rolePairs),
    sessionName: sessionNameOf(one('RoleSessionName')),
    durationSeconds: durationOf(one('SessionDuration')),
    endsAtMs: endOf(assertion),
    sourceIdentity: sourceIdentityOf(one('SourceIdentity')),
    tags: [...attributes]
      .filter(([attribute]) => attribute.startsWith(PRINCIPAL_TAG))
      .map(([attribute, [Value = '']]) => ({ Key: attribute.slice(PRINCIPAL_TAG.length), Value })),
    transitiveTagKeys: attributes.get(`${ATTRIBUTES}TransitiveTagKeys`) ?? [],
    keys: Object.fromEntries(
      [...attributes].flatMap(([attribute, values]) => {
        const key = DIRECTORY_NAMES[attribute];
        return key === undefined ? [] : [[key, values]];
      }),
    ),
  };
}

function invalid(message: string) {
  return fault('InvalidIdentityToken', message);
}

function late() {
  return fault('ExpiredTokenException', 'Token must be redeemed within 5 minutes of issuance');
}

function checkConditions(assertion: Element, nowMs: number): void {
  const issuedAtMs = instantOf(assertion, 'IssueInstant');
  if (issuedAtMs === undefined || issuedAtMs > nowMs + MOST_SKEW_MS)
    throw invalid('Response does not have a valid issue instant.');
  if (nowMs - issuedAtMs > REDEEM_MS) throw late();
  const [conditions] = childrenOf(assertion, ASSERTION, 'Conditions');
  if (conditions === undefined) throw invalid('Response does not contain the required audience.');
  if ((instantOf(conditions, 'NotBefore') ?? 0) > nowMs + MOST_SKEW_MS)
    throw invalid('Response is not valid yet.');
  if ((instantOf(conditions, 'NotOnOrAfter') ?? Number.POSITIVE_INFINITY) <= nowMs) throw late();
  // Each restriction must hold; one holds when it names us among others.
  const restrictions = childrenOf(conditions, ASSERTION, 'AudienceRestriction');
  const audiences = restrictions.map((restriction) =>
    childrenOf(restriction, ASSERTION, 'Audience').map((element) => element.textContent?.trim() ?? ''),
  );
  if (audiences.length === 0 || !audiences.every((names) => names.some(isOurs)))
    throw invalid('Response does not contain the required audience.');
}

function isOurs(audience: string): boolean {
  return audience === SERVICE || SIGN_IN.test(audience);
}

/** The recipient of a confirmation that holds: brought by its bearer, in time, to AWS. */
function recipientOf(subject: Element | undefined, nowMs: number): string {
  const confirmations = subject === undefined ? [] : childrenOf(subject, ASSERTION, 'SubjectConfirmation');
  let tooLate = false;
  for (const confirmation of confirmations) {
    if (confirmation.getAttribute('Method') !== BEARER) continue;
    const [data] = childrenOf(confirmation, ASSERTION, 'SubjectConfirmationData');
    const recipient = data?.getAttribute('Recipient') ?? '';
    const untilMs = data === undefined ? undefined : instantOf(data, 'NotOnOrAfter');
    if (data === undefined || untilMs === undefined || !SIGN_IN.test(recipient)) continue;
    if ((instantOf(data, 'NotBefore') ?? 0) > nowMs + MOST_SKEW_MS) continue;
    if (untilMs > nowMs) return recipient;
    tooLate = true;
  }
  throw tooLate ? late() : invalid('Response does not contain the required recipient.');
}

function instantOf(element: Element, attribute: string): number | undefined {
  const text = element.getAttribute(attribute);
  const ms = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** When the last of the provider's own sessions ends that says so. */
function endOf(assertion: Element): number | undefined {
  const ends = childrenOf(assertion, ASSERTION, 'AuthnStatement').flatMap(
    (statement) => instantOf(statement, 'SessionNotOnOrAfter') ?? [],
  );
  return ends.length === 0 ? undefined : Math.min(...ends);
}

function attributesOf(assertion: Element): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const statement of childrenOf(assertion, ASSERTION, 'AttributeStatement')) {
    for (const attribute of childrenOf(statement, ASSERTION, 'Attribute')) {
      const name = attribute.getAttribute('Name') ?? '';
      const values = childrenOf(attribute, ASSERTION, 'AttributeValue').map(
        (value) => value.textContent?.trim() ?? '',
      );
      found.set(name, [...(found.get(name) ?? []), ...values]);
    }
  }
  return found;
}

/** `role,provider`, in either order. */
function rolePairs(value: string): readonly RolePair[] {
  const parts = value.split(',').map((part) => part.trim());
  const roleArn = parts.find((part) => /^arn:[^:]+:iam::\d{12}:role\//.test(part));
  const providerArn = parts.find((part) => /^arn:[^:]+:iam::\d{12}:saml-provider\//.test(part));
  return roleArn === undefined || providerArn === undefined ? [] : [{ roleArn, providerArn }];
}

function sessionNameOf(name: string | undefined): string {
  if (name === undefined || name === '') throw invalid('RoleSessionName is required in AuthnResponse');
  if (!NAME.test(name)) throw invalid('RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}');
  return name;
}

function sourceIdentityOf(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  if (!NAME.test(name) || name.startsWith('aws:'))
    throw invalid('Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"');
  return name;
}

function durationOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= 900 && seconds <= DAY_SECONDS / 2))
    throw invalid('SessionDuration in AuthnResponse must be between 900 and 43200');
  return seconds;
}
