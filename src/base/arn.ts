/** An Amazon Resource Name, split. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  /** Everything after the fifth colon, colons included. */
  readonly resource: string;
}

/**
 * Splits an ARN; `undefined` when the text is not one, or of a partition other than `aws`: a second spelling of what is
 * here would pass by the policies that name the first.
 */
export function parseArn(text: string): Arn | undefined {
  const parts = text.split(':');
  if (parts.length < 6 || parts[0] !== 'arn' || parts[1] !== 'aws') return undefined;
  const [, partition, service = '', region = '', account = ''] = parts;
  if (service === '') return undefined;
  return { partition, service, region, account, resource: parts.slice(5).join(':') };
}

/** Joins the parts of an ARN; region and account may be empty. */
export function formatArn(service: string, region: string, account: string, resource: string): string {
  return `arn:aws:${service}:${region}:${account}:${resource}`;
}

/** The account of an ARN, without splitting the rest: `''` where it has none, `undefined` where the text is no ARN. */
export function accountOfArn(text: string): string | undefined {
  if (!text.startsWith('arn:')) return undefined;
  const service = text.indexOf(':', 4);
  const region = text.indexOf(':', service + 1);
  const account = text.indexOf(':', region + 1);
  const resource = text.indexOf(':', account + 1);
  if (service < 0 || region < 0 || account < 0 || resource < 0) return undefined;
  return text.slice(account + 1, resource);
}
