import type { CORSRule } from '../../model/gen/s3.ts';
import { fault } from './fault.ts';

const METHODS = new Set(['GET', 'PUT', 'HEAD', 'POST', 'DELETE']);
const MOST_RULES = 100;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html */
export function checkCorsRules(rules: readonly CORSRule[]): void {
  if (rules.length === 0 || rules.length > MOST_RULES) {
    throw fault(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  }
  for (const { AllowedMethods, AllowedOrigins, AllowedHeaders = [], ExposeHeaders = [] } of rules) {
    for (const method of AllowedMethods) {
      if (METHODS.has(method)) continue;
      throw fault(
        'InvalidRequest',
        `Found unsupported HTTP method in CORS config. Unsupported method is ${method}`,
      );
    }
    for (const origin of AllowedOrigins) {
      if (stars(origin) > 1) {
        throw fault('InvalidRequest', `AllowedOrigin "${origin}" can not have more than one wildcard.`);
      }
    }
    for (const header of AllowedHeaders) {
      if (stars(header) > 1) {
        throw fault('InvalidRequest', `AllowedHeader "${header}" can not have more than one wildcard.`);
      }
    }
    for (const header of ExposeHeaders) {
      if (stars(header) === 0) continue;
      throw fault(
        'InvalidRequest',
        `ExposeHeader "${header}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
      );
    }
  }
}

function stars(pattern: string): number {
  return pattern.split('*').length - 1;
}

/** A cross-origin request, or the preflight that asks for one. */
export interface CorsRequest {
  readonly origin: string;
  readonly method: string;
  /** Names a preflight asks for. */
  readonly headers?: readonly string[];
}

/** The first rule that lets the request in. */
export function matchingRule(
  rules: readonly CORSRule[],
  { origin, method, headers = [] }: CorsRequest,
): CORSRule | undefined {
  return rules.find(
    ({ AllowedMethods, AllowedOrigins, AllowedHeaders = [] }) =>
      AllowedMethods.includes(method) &&
      AllowedOrigins.some((pattern) => matches(pattern, origin)) &&
      headers.every((header) =>
        AllowedHeaders.some((pattern) => matches(pattern.toLowerCase(), header.toLowerCase())),
      ),
  );
}

/** Matches with at most one `*`. */
function matches(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  const tail = pattern.slice(star + 1);
  return text.length >= pattern.length - 1 && text.startsWith(pattern.slice(0, star)) && text.endsWith(tail);
}

/** The headers of an answer that a rule lets pages read; a preflight's say what may follow. */
export function corsAnswer(rule: CORSRule, request: CorsRequest, preflight: boolean): Record<string, string> {
  const everybody = rule.AllowedOrigins.includes('*');
  const { ExposeHeaders = [], MaxAgeSeconds } = rule;
  return {
    'access-control-allow-origin': everybody ? '*' : request.origin,
    'access-control-allow-methods': rule.AllowedMethods.join(', '),
    ...(everybody ? {} : { 'access-control-allow-credentials': 'true' }),
    ...(ExposeHeaders.length === 0 ? {} : { 'access-control-expose-headers': ExposeHeaders.join(', ') }),
    ...(preflight && request.headers !== undefined && request.headers.length > 0
      ? { 'access-control-allow-headers': request.headers.join(', ').toLowerCase() }
      : {}),
    ...(preflight && MaxAgeSeconds !== undefined ? { 'access-control-max-age': String(MaxAgeSeconds) } : {}),
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  };
}
