import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { IamOperations, ServerCertificateMetadata } from '../../model/gen/iam.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { iamArn, newUniqueId } from './identifier.ts';
import { layout, type ServerCertificateRow } from './layout.ts';
import { pageOfRows } from './page.ts';
import { addTags, shownTagsIfAny } from './tag.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_server-certs.html */
export const serverCertificates = {
  async UploadServerCertificate(input, ctx) {
    const { ServerCertificateName: name, CertificateBody, CertificateChain, PrivateKey, Path = '/' } = input;
    const { account, world } = ctx;
    const certificate = readCertificate(CertificateBody);
    checkKey(certificate, PrivateKey);
    for (const part of chainOf(CertificateChain)) readCertificate(part);
    const row: ServerCertificateRow = {
      name,
      path: Path,
      id: newUniqueId('ASCA', world.random),
      body: CertificateBody,
      ...(CertificateChain === undefined ? {} : { chain: CertificateChain }),
      sealedKey: ctx.ports.identity.sealSecret(Buffer.from(PrivateKey), `server-certificate/${name}`),
      uploadedAtMs: world.clock.now(),
      expiresAtMs: Date.parse(certificate.validTo),
      tags: addTags({}, input.Tags),
    };
    await change(ctx, async (tx) => {
      const rows = layout.at(account, '').serverCertificates;
      if ((await rows.get(tx, [name])) !== undefined) throw taken(name);
      rows.set(tx, [name], row);
    });
    return { ServerCertificateMetadata: metadataOf(row, account), Tags: shownTagsIfAny(row.tags) };
  },

  async GetServerCertificate({ ServerCertificateName }, { account, store }) {
    const row = await readServerCertificate(store, account, ServerCertificateName);
    return {
      ServerCertificate: {
        ServerCertificateMetadata: metadataOf(row, account),
        CertificateBody: row.body,
        CertificateChain: row.chain,
        Tags: shownTagsIfAny(row.tags),
      },
    };
  },

  async ListServerCertificates({ PathPrefix = '/', ...page }, { account, store }) {
    const rows = layout.at(account, '').serverCertificates;
    const { items, ...more } = await pageOfRows(rows, store, page, ({ path }) => path.startsWith(PathPrefix));
    return { ServerCertificateMetadataList: items.map((row) => metadataOf(row, account)), ...more };
  },

  async UpdateServerCertificate({ ServerCertificateName, NewPath, NewServerCertificateName }, ctx) {
    const { account } = ctx;
    const { identity } = ctx.ports;
    await change(ctx, async (tx) => {
      const rows = layout.at(account, '').serverCertificates;
      const row = await readServerCertificate(tx, account, ServerCertificateName);
      const name = NewServerCertificateName ?? row.name;
      if (name !== row.name && (await rows.get(tx, [name])) !== undefined) throw taken(name);
      const key = identity.openSecret(row.sealedKey, `server-certificate/${row.name}`);
      rows.delete(tx, [row.name]);
      rows.set(tx, [name], {
        ...row,
        name,
        path: NewPath ?? row.path,
        sealedKey: key === undefined ? row.sealedKey : identity.sealSecret(key, `server-certificate/${name}`),
      });
    });
    return {};
  },

  async DeleteServerCertificate({ ServerCertificateName }, ctx) {
    await change(ctx, async (tx) => {
      const { name } = await readServerCertificate(tx, ctx.account, ServerCertificateName);
      layout.at(ctx.account, '').serverCertificates.delete(tx, [name]);
    });
    return {};
  },
} satisfies Group<IamOperations>;

export async function readServerCertificate(
  reader: Reader,
  account: string,
  name: string,
): Promise<ServerCertificateRow> {
  const row = await layout.at(account, '').serverCertificates.get(reader, [name]);
  if (row !== undefined) return row;
  throw fault('NoSuchEntity', `The Server Certificate with name ${name} cannot be found.`);
}

function taken(name: string) {
  return fault('EntityAlreadyExists', `The Server Certificate with name ${name} already exists.`);
}

function metadataOf(row: ServerCertificateRow, account: string): ServerCertificateMetadata {
  return {
    Path: row.path,
    ServerCertificateName: row.name,
    ServerCertificateId: row.id,
    Arn: iamArn(account, 'server-certificate', row.path, row.name),
    UploadDate: new Date(row.uploadedAtMs),
    Expiration: new Date(row.expiresAtMs),
  };
}

function readCertificate(text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw fault(
      'MalformedCertificate',
      'Unable to parse certificate. Please ensure the certificate is in PEM format.',
    );
  }
}

/** The certificates of a chain, one after the other. */
function chainOf(chain: string | undefined): readonly string[] {
  if (chain === undefined) return [];
  const parts = chain.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (parts === null)
    throw fault('MalformedCertificate', 'Unable to validate certificate chain. It must be in PEM format.');
  return parts;
}

function checkKey(certificate: X509Certificate, text: string): void {
  let matches: boolean;
  try {
    matches = certificate.checkPrivateKey(createPrivateKey(text));
  } catch {
    throw fault(
      'MalformedCertificate',
      'Unable to parse private key. The private key must be unencrypted and in PEM format.',
    );
  }
  if (!matches)
    throw fault('KeyPairMismatch', 'The public key certificate and the private key do not match.');
}
