/** One line of a credential report; times are virtual milliseconds. */
export interface CredentialLine {
  readonly user: string;
  readonly arn: string;
  readonly createdAtMs: number | undefined;
  readonly passwordEnabled: boolean | undefined;
  readonly passwordChangedAtMs: number | undefined;
  readonly passwordExpiresAtMs: number | undefined;
  readonly mfa: boolean;
  /** Two at most. */
  readonly keys: readonly KeyLine[];
}

export interface KeyLine {
  readonly active: boolean;
  readonly createdAtMs: number;
  readonly use?: { readonly usedAtMs: number; readonly region: string; readonly service: string } | undefined;
}

const HEADER = [
  'user',
  'arn',
  'user_creation_time',
  'password_enabled',
  'password_last_used',
  'password_last_changed',
  'password_next_rotation',
  'mfa_active',
  'access_key_1_active',
  'access_key_1_last_rotated',
  'access_key_1_last_used_date',
  'access_key_1_last_used_region',
  'access_key_1_last_used_service',
  'access_key_2_active',
  'access_key_2_last_rotated',
  'access_key_2_last_used_date',
  'access_key_2_last_used_region',
  'access_key_2_last_used_service',
  'cert_1_active',
  'cert_1_last_rotated',
  'cert_2_active',
  'cert_2_last_rotated',
];

/**
 * The report as AWS writes it: CSV, a line a user, the root account first.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
 */
export function credentialReport(lines: readonly CredentialLine[]): string {
  return [HEADER.join(','), ...lines.map(lineText)].join('\n');
}

function lineText(line: CredentialLine): string {
  const { passwordEnabled, passwordChangedAtMs, passwordExpiresAtMs } = line;
  return [
    line.user,
    line.arn,
    line.createdAtMs === undefined ? 'not_supported' : instant(line.createdAtMs),
    passwordEnabled === undefined ? 'not_supported' : String(passwordEnabled),
    passwordEnabled === true ? 'no_information' : 'N/A',
    passwordEnabled === undefined ? 'not_supported' : instant(passwordChangedAtMs),
    passwordEnabled === undefined ? 'not_supported' : instant(passwordExpiresAtMs),
    String(line.mfa),
    ...keyCells(line.keys[0]),
    ...keyCells(line.keys[1]),
    'false',
    'N/A',
    'false',
    'N/A',
  ].join(',');
}

function keyCells(key: KeyLine | undefined): readonly string[] {
  if (key === undefined) return ['false', 'N/A', 'N/A', 'N/A', 'N/A'];
  const { active, createdAtMs, use } = key;
  return [
    String(active),
    instant(createdAtMs),
    instant(use?.usedAtMs),
    use?.region ?? 'N/A',
    use?.service ?? 'N/A',
  ];
}

function instant(ms: number | undefined): string {
  return ms === undefined ? 'N/A' : new Date(ms).toISOString().replace(/\.\d{3}Z$/, '+00:00');
}
