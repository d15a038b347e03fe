import { Fault } from '../../service/faults.ts';
import type { FrontDoor } from '../../service/front-door.ts';
import { secretHash } from './client.ts';
import { type ClientScope, clientScope, type PoolScope } from './scope.ts';

const PATH = /^\/_aws\/cognito-idp\/[\w-]+_[0-9a-zA-Z]+\/confirmUser$/;

/** The address in a mail that confirms by link. */
export function confirmationLink(
  { ctx, pool }: PoolScope,
  clientId: string,
  username: string,
  code: string,
): string {
  const query = new URLSearchParams({ client_id: clientId, user_name: username, confirmation_code: code });
  return `${ctx.endpoint}/_aws/cognito-idp/${pool.id}/confirmUser?${query}`;
}

const PAGE = (title: string, words: string) => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title></head>
<body><h1>${title}</h1><p>${words}</p></body>
</html>
`;

/**
 * Where the link of a confirmation mail leads: confirms the user as ConfirmSignUp does, and says so.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html
 */
export const confirmPage: FrontDoor = {
  name: 'confirm-user',
  pathPattern: PATH,
  handle: async (request, ctx) => {
    const query = new URLSearchParams(request.query);
    const Username = query.get('user_name') ?? '';
    let status = 200;
    let page = PAGE('Your registration has been confirmed!', 'You can close this page and sign in.');
    try {
      if (request.method !== 'GET') throw new Fault('InvalidParameterException', 'GET only');
      const scope = await clientScope(ctx, query.get('client_id') ?? '');
      await confirm(scope, Username, query.get('confirmation_code') ?? '');
    } catch (error) {
      // A fault is what the page says; everything else is a defect and goes on up.
      if (!Fault.is(error)) throw error;
      status = 400;
      page = PAGE(
        'Your registration could not be confirmed.',
        'The link is no longer valid. Please ask for another.',
      );
    }
    request.response.writeHead(status, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': Buffer.byteLength(page),
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
    });
    request.response.end(page);
  },
};

async function confirm(
  { ctx, client }: ClientScope,
  Username: string,
  ConfirmationCode: string,
): Promise<void> {
  await ctx.call('cognito-idp', 'ConfirmSignUp', {
    ClientId: client.id,
    Username,
    ConfirmationCode,
    ...(client.secret === undefined ? {} : { SecretHash: secretHash(client, Username) }),
  });
}
