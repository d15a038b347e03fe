/**
 * Claims that are condition keys of one provider alone: `token.actions.githubusercontent.com:repository`. Of other
 * providers AWS knows none beyond `sub`, `aud`, `oaud`, `amr` and `email`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
 */
const GITHUB = [
  'actor',
  'actor_id',
  'enterprise_id',
  'environment',
  'job_workflow_ref',
  'ref',
  'repository',
  'repository_id',
  'repository_owner_id',
  'workflow',
];
const BUILDKITE = [
  'build_branch',
  'cluster_id',
  'cluster_name',
  'organization_id',
  'organization_slug',
  'pipeline_id',
  'pipeline_slug',
];
const GITLAB = [
  'namespace_id',
  'pipeline_source',
  'project_id',
  'ref_protected',
  'runner_environment',
  'user_access_level',
  'user_email',
  'user_id',
  'user_login',
];

const CLAIMS: readonly (readonly [host: RegExp, names: readonly string[]])[] = [
  [/^token\.actions\.githubusercontent\.com(?:\/[^/]+)?$/, GITHUB],
  [/^token\.actions\.[\w-]+\.ghe\.com$/, GITHUB],
  [/^agent\.(?:[\w-]+\.)?buildkite\.(?:com|dev|site)$/, BUILDKITE],
  [/^gitlab\.com$/, GITLAB],
  [/^oidc\.circleci\.com\/org\/[^/]+$/, ['oidc.circleci.com/project-id']],
  [/^idcs-[\w-]+\.identity\.oraclecloud\.com$/, ['rpst_id']],
];

/** The condition keys of a provider's own claims. */
export function providerClaims(
  host: string,
  payload: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const names = CLAIMS.find(([pattern]) => pattern.test(host))?.[1] ?? [];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = payload[name];
      const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
      return isText ? [[`${host}:${name}`, String(value)]] : [];
    }),
  );
}
