import type { PrincipalElement } from './document.ts';
import type { PolicyPrincipal } from './request.ts';

/**
 * How closely a Principal element names the caller; more says more about what the statement overrides.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
export type Naming = typeof UNNAMED | typeof BY_ACCOUNT | typeof BY_ROLE | typeof DIRECTLY;
export const UNNAMED = 0;
/** The caller's account is named: a delegation to that account's own policies. */
export const BY_ACCOUNT = 1;
/** `*`, the session's role, or the user who federated: grants, within boundary and session policies. */
export const BY_ROLE = 2;
/** The user, the session, the root or the service itself: grants whatever other policies leave out. */
export const DIRECTLY = 3;

export class PrincipalMatcher {
  private readonly everybody: boolean;
  /** Account ids, ARNs and unique ids. */
  private readonly aws: ReadonlySet<string>;
  private readonly services: ReadonlySet<string>;
  private readonly providers: ReadonlySet<string>;

  constructor(element: PrincipalElement) {
    this.everybody = element.AWS.includes('*');
    this.aws = new Set(
      element.AWS.map((entry) => /^arn:aws[\w-]*:iam::(\d{12}):root$/.exec(entry)?.[1] ?? entry),
    );
    this.services = new Set(element.Service);
    this.providers = new Set(element.Federated);
  }

  naming(principal: PolicyPrincipal): Naming {
    const { aws } = this;
    switch (principal.kind) {
      case 'service':
        if (this.services.has(principal.service) || this.services.has('*')) return DIRECTLY;
        break;
      case 'web-identity':
        if (this.providers.has(principal.provider) || this.providers.has('*')) return DIRECTLY;
        break;
      case 'anonymous':
        break;
      case 'root':
        if (aws.has(principal.account)) return DIRECTLY;
        break;
      case 'user':
        if (aws.has(principal.arn) || aws.has(principal.userId)) return DIRECTLY;
        break;
      case 'role': {
        if (aws.has(principal.arn)) return DIRECTLY;
        const colon = principal.userId.indexOf(':');
        if (aws.has(principal.roleArn) || (colon > 0 && aws.has(principal.userId.slice(0, colon))))
          return BY_ROLE;
        break;
      }
      case 'federated-user':
        if (aws.has(principal.arn)) return DIRECTLY;
        if (aws.has(principal.userArn)) return BY_ROLE;
        break;
    }
    if (this.everybody) return BY_ROLE;
    const isIdentity =
      principal.kind === 'user' || principal.kind === 'role' || principal.kind === 'federated-user';
    return isIdentity && aws.has(principal.account) ? BY_ACCOUNT : UNNAMED;
  }

  /**
   * Whether all of the caller is named, as a NotPrincipal with Deny must: the account, then the user or role, then the
   * session. Whom it names in part it denies.
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
   */
  namesInFull(principal: PolicyPrincipal): boolean {
    if (this.everybody) return true;
    const { aws } = this;
    switch (principal.kind) {
      case 'service':
      case 'web-identity':
        return this.naming(principal) === DIRECTLY;
      case 'anonymous':
        return false;
      case 'root':
        return aws.has(principal.account);
      case 'user':
        return aws.has(principal.account) && this.naming(principal) === DIRECTLY;
      case 'federated-user':
        return aws.has(principal.account) && aws.has(principal.arn);
      case 'role': {
        const [roleId = ''] = principal.userId.split(':');
        return (
          aws.has(principal.account) &&
          aws.has(principal.arn) &&
          (aws.has(principal.roleArn) || aws.has(roleId))
        );
      }
    }
  }
}
