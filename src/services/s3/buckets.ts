import type { CreateBucketRequest, S3Operations } from '../../model/gen/s3.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { checkNoAcl } from './acl.ts';
import { bucketArn, bucketFor, canonicalId, currentRow, findBucket } from './bucket.ts';
import { checkBucketName } from './bucket-name.ts';
import { fault, invalidArgument, notImplemented } from './fault.ts';
import { BUCKET_NAMES, type BucketSettings, s3Rows } from './layout.ts';
import { checkTags } from './tag.ts';

const ID_LENGTH = 12;
const ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const MOST_BUCKETS = 10_000;

/** New buckets keep the public out. https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html */
const PRIVATE = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

/** Of the tags that a bucket is made with. */
const RESERVED =
  'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. Remove "aws:" from your tag keys and try again.';

export const buckets = {
  CreateBucket: async (input, ctx) => {
    checkBucketName(input.Bucket);
    checkNoAcl(input, 'BucketOwnerEnforced');
    if (input.ObjectLockEnabledForBucket === true) throw notImplemented('x-amz-bucket-object-lock-enabled');
    if (input.BucketNamespace === 'account-regional') throw notImplemented('x-amz-bucket-namespace');
    const region = regionFor(ctx, input);
    const tags = input.CreateBucketConfiguration?.Tags;
    if (tags !== undefined) checkTags(tags, 50, RESERVED);
    const settings: BucketSettings = {
      publicAccess: PRIVATE,
      ownership: input.ObjectOwnership ?? 'BucketOwnerEnforced',
      ...(tags === undefined || tags.length === 0 ? {} : { tags }),
    };
    const row = {
      id: ctx.world.random.id(ID_LENGTH, ID_ALPHABET),
      region,
      createdAtMs: ctx.world.clock.now(),
    };
    const { directory } = ctx.ports;
    await ctx.transact(async (tx) => {
      const owner = await directory.lookup(tx, BUCKET_NAMES, input.Bucket);
      if (owner !== undefined) {
        // The oldest region lets an owner create a bucket again, unless tags come with it.
        const again = owner.account === ctx.account && owner.region === region && region === 'us-east-1';
        if (again && (tags ?? []).length === 0) return;
        throw taken(input.Bucket, owner.account === ctx.account);
      }
      await directory.claim(tx, BUCKET_NAMES, input.Bucket, { account: ctx.account, region });
      const rows = s3Rows(ctx.account);
      rows.buckets.set(tx, [input.Bucket], row);
      for (const [name, value] of Object.entries(settings)) {
        rows.settings.set(tx, [row.id, name as keyof BucketSettings], value);
      }
    });
    return { Location: `/${input.Bucket}`, BucketArn: bucketArn(input.Bucket) };
  },

  DeleteBucket: async (input, ctx) => {
    const bucket = await bucketFor(ctx, input);
    const rows = s3Rows(bucket.account);
    await ctx.transact(async (tx) => {
      const { id, versioning } = await currentRow(tx, bucket);
      const { rows: found } = await rows.objects.page(tx, [id], { limit: 1 });
      if (found.length > 0) {
        const more = versioning === undefined ? '' : '. You must delete all versions in the bucket.';
        throw fault('BucketNotEmpty', `The bucket you tried to delete is not empty${more}`, {
          BucketName: bucket.name,
        });
      }
      rows.buckets.delete(tx, [bucket.name]);
      for (const { key } of await rows.settings.all(tx, [id])) rows.settings.delete(tx, key);
      ctx.ports.directory.release(tx, BUCKET_NAMES, bucket.name);
      ctx.as({ account: bucket.account }).enqueue(tx, { kind: 'forgetUploads', payload: { bucketId: id } });
    });
    return {};
  },

  HeadBucket: async (input, ctx) => {
    const { name, row } = await bucketFor(ctx, input);
    return { BucketArn: bucketArn(name), BucketRegion: row.region };
  },

  GetBucketLocation: async (input, ctx) => {
    const bucket = await findBucket(ctx, input.Bucket);
    const { row } = bucket ?? (await bucketFor(ctx, input));
    return row.region === 'us-east-1' ? {} : { LocationConstraint: row.region as 'eu-west-1' };
  },

  ListBuckets: async (input, ctx) => {
    const { MaxBuckets = MOST_BUCKETS, Prefix = '', BucketRegion, ContinuationToken } = input;
    if (MaxBuckets < 1 || MaxBuckets > MOST_BUCKETS) {
      throw invalidArgument(
        'Argument max-buckets must be an integer between 1 and 10000',
        'max-buckets',
        MaxBuckets,
      );
    }
    const after =
      ContinuationToken === undefined ? '' : Buffer.from(ContinuationToken, 'base64url').toString();
    const all = await s3Rows(ctx.account).buckets.all(ctx.store, []);
    const wanted = all.filter(
      ({ key: [name], value }) =>
        name > after &&
        name.startsWith(Prefix) &&
        (BucketRegion === undefined || BucketRegion === value.region),
    );
    const page = wanted.slice(0, MaxBuckets);
    const last = page.at(-1)?.key[0];
    return {
      Buckets: page.map(({ key: [name], value }) => ({
        Name: name,
        CreationDate: new Date(value.createdAtMs),
        BucketRegion: value.region,
        BucketArn: bucketArn(name),
      })),
      Owner: { ID: canonicalId(ctx.account) },
      ...(input.Prefix === undefined ? {} : { Prefix }),
      ...(wanted.length > page.length && last !== undefined
        ? { ContinuationToken: Buffer.from(last).toString('base64url') }
        : {}),
    };
  },
} satisfies Group<S3Operations>;

/** Where a new bucket goes. Only the oldest region's endpoint creates buckets elsewhere. */
function regionFor(ctx: Context, input: CreateBucketRequest): string {
  const wanted = input.CreateBucketConfiguration?.LocationConstraint;
  const here = ctx.region;
  if (wanted === undefined) {
    if (here === 'us-east-1') return here;
    throw fault(
      'IllegalLocationConstraintException',
      'The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.',
    );
  }
  const region = wanted === 'EU' ? 'eu-west-1' : wanted;
  if (here !== 'us-east-1' && region !== here) {
    throw fault(
      'IllegalLocationConstraintException',
      `The ${wanted} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  }
  return region;
}

function taken(name: string, own: boolean) {
  return own
    ? fault(
        'BucketAlreadyOwnedByYou',
        'Your previous request to create the named bucket succeeded and you already own it.',
        { BucketName: name },
      )
    : fault(
        'BucketAlreadyExists',
        'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
        { BucketName: name },
      );
}
