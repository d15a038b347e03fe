/** Who makes a call. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html */
export type Principal =
  | RootPrincipal
  | UserPrincipal
  | RolePrincipal
  | FederatedUserPrincipal
  | ServicePrincipal
  | AnonymousPrincipal;

interface Identified {
  readonly account: string;
  /** The ARN that GetCallerIdentity shows (an assumed-role session's, for a role). */
  readonly arn: string;
  /** `aws:userid`: AIDA…, AROA…:session, or the account for root. */
  readonly userId: string;
}

export interface RootPrincipal extends Identified {
  readonly kind: 'root';
  /** Of a session that AssumeRoot began: the policy of AWS that leaves it one task. */
  readonly taskPolicyArn?: string;
  readonly sessionContext?: Readonly<Record<string, string>>;
}

export interface UserPrincipal extends Identified {
  readonly kind: 'user';
  readonly userName: string;
  /** Request context of a session of GetSessionToken: when it was issued, whether with a second factor. */
  readonly sessionContext?: Readonly<Record<string, string>>;
}

export interface RolePrincipal extends Identified {
  readonly kind: 'role';
  readonly roleName: string;
  readonly roleArn: string;
  readonly sessionName: string;
  /** Session policy documents, JSON text; the session may do no more than they allow. */
  readonly sessionPolicies: readonly string[];
  /** The managed ones among them, which come last. */
  readonly sessionPolicyArns?: readonly string[];
  /** `aws:PrincipalTag` of the session, over the role's own. */
  readonly sessionTags: Readonly<Record<string, string>>;
  /** Keys of session tags that stay when the session assumes a further role. */
  readonly transitiveTagKeys?: readonly string[];
  /** Further request context of the session, such as `cognito-identity.amazonaws.com:sub`. */
  readonly sessionContext: Readonly<Record<string, string>>;
}

export interface FederatedUserPrincipal extends Identified {
  readonly kind: 'federated-user';
  /** When the session was issued. */
  readonly sessionContext?: Readonly<Record<string, string>>;
  readonly sessionTags?: Readonly<Record<string, string>>;
  /** The user who federated; its policies apply, capped by the session's. */
  readonly userArn: string;
  /** That user's unique id: another of the same name is not the one who federated. */
  readonly userUniqueId?: string;
  readonly sessionPolicies: readonly string[];
  /** The managed ones among them, which come last. */
  readonly sessionPolicyArns?: readonly string[];
}

/** An AWS service acting by itself, such as `apigateway.amazonaws.com` invoking a function. */
export interface ServicePrincipal {
  readonly kind: 'service';
  readonly service: string;
  /** The account on whose behalf it acts. */
  readonly account: string;
  readonly sourceArn?: string;
}

/** Nobody: an unsigned request. */
export interface AnonymousPrincipal {
  readonly kind: 'anonymous';
  /** The account the request is about, when the operation needs none of its own. */
  readonly account: string;
}
