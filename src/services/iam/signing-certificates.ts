import { X509Certificate } from 'node:crypto';
import type { IamOperations, SigningCertificate } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { readIdentity, updateIdentity } from './identity.ts';
import { layout, type SigningCertificateRow } from './layout.ts';
import { pageOfList } from './page.ts';
import { ownUserName } from './users.ts';

const MOST_CERTIFICATES = 2;

/** X.509 certificates of users, or of the account's root. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html */
export const signingCertificates = {
  async UploadSigningCertificate({ UserName, CertificateBody }, ctx) {
    checkCertificate(CertificateBody, ctx.world.clock.now());
    const { world } = ctx;
    const owner = ownerOf(UserName, ctx);
    const row: SigningCertificateRow = {
      id: world.random.id(32, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'),
      body: CertificateBody,
      active: true,
      uploadedAtMs: world.clock.now(),
    };
    await update(ctx, owner, (rows) => {
      if (rows.some(({ body }) => body.trim() === CertificateBody.trim()))
        throw fault('DuplicateCertificate', 'The certificate is already associated with this user.');
      if (rows.length >= MOST_CERTIFICATES)
        throw fault('LimitExceeded', `Cannot exceed quota for CertificatesPerUser: ${MOST_CERTIFICATES}`);
      return [...rows, row];
    });
    return { Certificate: shown(owner ?? ctx.account, row) };
  },

  async ListSigningCertificates({ UserName, ...page }, ctx) {
    const owner = ownerOf(UserName, ctx);
    const rows = await certificatesOf(ctx.store, ctx.account, owner);
    const { items, ...more } = pageOfList(rows, page, ({ id }) => id);
    return { Certificates: items.map((row) => shown(owner ?? ctx.account, row)), ...more };
  },

  async UpdateSigningCertificate({ UserName, CertificateId, Status }, ctx) {
    if (Status === 'Expired') throw fault('InvalidInput', 'A signing certificate cannot be set to Expired.');
    await update(ctx, ownerOf(UserName, ctx), (rows) => {
      const found = certificateOf(rows, CertificateId);
      return rows.map((row) => (row === found ? { ...row, active: Status === 'Active' } : row));
    });
    return {};
  },

  async DeleteSigningCertificate({ UserName, CertificateId }, ctx) {
    await update(ctx, ownerOf(UserName, ctx), (rows) => {
      const found = certificateOf(rows, CertificateId);
      return rows.filter((row) => row !== found);
    });
    return {};
  },
} satisfies Group<IamOperations>;

type Rows = readonly SigningCertificateRow[];

/** Undefined: the root, who asked about itself. */
function ownerOf(userName: string | undefined, ctx: Context): string | undefined {
  return userName === undefined && ctx.principal.kind === 'root' ? undefined : (userName ?? ownUserName(ctx));
}

async function certificatesOf(reader: Reader, account: string, owner: string | undefined): Promise<Rows> {
  if (owner !== undefined) return (await readIdentity(reader, account, 'user', owner)).certificates ?? [];
  return (await layout.at(account, '').root.get(reader, []))?.certificates ?? [];
}

function update(ctx: Context, owner: string | undefined, body: (rows: Rows) => Rows): Promise<unknown> {
  const { account } = ctx;
  const of = (row: { readonly certificates?: Rows }) => ({ certificates: body(row.certificates ?? []) });
  return change(ctx, async (tx: Transaction) => {
    if (owner !== undefined)
      return void (await updateIdentity(tx, account, 'user', owner, (user) => ({ ...user, ...of(user) })));
    const { root } = layout.at(account, '');
    const row = (await root.get(tx, [])) ?? {};
    root.set(tx, [], { ...row, ...of(row) });
  });
}

function certificateOf(rows: Rows, id: string): SigningCertificateRow {
  const found = rows.find((row) => row.id === id);
  if (found !== undefined) return found;
  throw fault('NoSuchEntity', `The Certificate with id ${id} cannot be found.`);
}

function checkCertificate(body: string, nowMs: number): void {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(body);
  } catch {
    throw fault('MalformedCertificate', 'The certificate is malformed: it must be in PEM format.');
  }
  if (Date.parse(certificate.validTo) <= nowMs || Date.parse(certificate.validFrom) > nowMs)
    throw fault('InvalidCertificate', 'The certificate is not valid now.');
}

function shown(
  userName: string,
  { id, body, active, uploadedAtMs }: SigningCertificateRow,
): SigningCertificate {
  return {
    UserName: userName,
    CertificateId: id,
    CertificateBody: body,
    Status: active ? 'Active' : 'Inactive',
    UploadDate: new Date(uploadedAtMs),
  };
}
