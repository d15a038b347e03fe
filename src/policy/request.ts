/** Values of condition context keys; a key that is absent is not in the request. Keys compare without regard to case. */
export type ContextValues = Readonly<Record<string, ContextValue>>;
export type ContextValue = string | number | boolean | readonly string[];

/** The context of one request, asked key by key, so that what no policy mentions is never computed. */
export interface ContextLookup {
  /** `key` in lower case; `undefined` when the request has no such key. */
  get(key: string): ContextValue | undefined;
}

/** Who asks, as the Principal element sees it. The pipeline's principals have this shape. */
export type PolicyPrincipal =
  | { readonly kind: 'root'; readonly account: string; readonly arn: string; readonly userId: string }
  | { readonly kind: 'user'; readonly account: string; readonly arn: string; readonly userId: string }
  | {
      readonly kind: 'role';
      readonly account: string;
      /** The session's: `arn:aws:sts::…:assumed-role/Role/session`. */
      readonly arn: string;
      readonly roleArn: string;
      readonly userId: string;
    }
  | {
      readonly kind: 'federated-user';
      readonly account: string;
      readonly arn: string;
      readonly userId: string;
      /** The user (or root) who federated. */
      readonly userArn: string;
    }
  | { readonly kind: 'service'; readonly account: string; readonly service: string }
  /** Somebody an identity provider vouches for: an OIDC provider's host or ARN, a SAML provider's ARN. */
  | { readonly kind: 'web-identity'; readonly account: string; readonly provider: string }
  | { readonly kind: 'anonymous'; readonly account: string };

/** One question to the engine. */
export interface PolicyRequest {
  /** `dynamodb:GetItem`; compared without regard to case. */
  readonly action: string;
  /** The resource's ARN, or `*` for actions without one. */
  readonly resource: string;
  /** Who owns the resource; the principal's own account when absent. */
  readonly resourceAccount?: string;
  readonly principal: PolicyPrincipal;
  readonly context: ContextLookup;
}

/** A lookup over plain values; earlier layers win. Keys are folded once, at the first question. */
export function contextOf(...layers: readonly ContextValues[]): ContextLookup {
  let folded: Map<string, ContextValue> | undefined;
  return {
    get(key) {
      if (folded === undefined) {
        folded = new Map();
        for (let i = layers.length - 1; i >= 0; i--) {
          for (const [name, value] of Object.entries(layers[i] ?? {})) folded.set(name.toLowerCase(), value);
        }
      }
      return folded.get(key);
    },
  };
}
