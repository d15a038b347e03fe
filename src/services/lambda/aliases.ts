import type {
  AliasConfiguration,
  AliasRoutingConfiguration,
  LambdaOperations,
} from '../../model/gen/lambda.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import type { AliasRow } from './layout.ts';
import { pageOf } from './pages.ts';
import { keep, provide } from './provisions.ts';
import { aliasNotFound, checkRevision, notFound, readFunction, type Target, targetOf } from './reading.ts';
import { arnOf, fault, isVersionNumber, LATEST } from './reference.ts';

function describeAlias({ reference }: Target, name: string, alias: AliasRow): AliasConfiguration {
  return {
    AliasArn: arnOf(reference, name),
    Name: name,
    FunctionVersion: alias.version,
    Description: alias.description,
    RoutingConfig:
      Object.keys(alias.weights).length === 0 ? undefined : { AdditionalVersionWeights: alias.weights },
    RevisionId: alias.revisionId,
  };
}

/** The second version and its weight, checked. */
async function weightsOf(
  reader: Reader,
  target: Target,
  version: string,
  routing: AliasRoutingConfiguration | undefined,
): Promise<Readonly<Record<string, number>>> {
  const weights = Object.entries(routing?.AdditionalVersionWeights ?? {});
  if (weights.length > 1) {
    throw fault(
      'InvalidParameterValueException',
      'Number of items in AdditionalVersionWeights cannot be greater than 1',
    );
  }
  for (const [other] of weights) {
    if (!isVersionNumber(version)) {
      throw fault(
        'InvalidParameterValueException',
        '$LATEST is not supported for an alias pointing to more than 1 version',
        { Type: undefined },
      );
    }
    if (other === version) {
      throw fault(
        'InvalidParameterValueException',
        `Invalid function version ${other}. Function version ${other} is already included in routing configuration.`,
      );
    }
    await requireVersion(reader, target, other);
  }
  return Object.fromEntries(weights);
}

async function requireVersion(reader: Reader, target: Target, version: string): Promise<void> {
  const { reference, rows } = target;
  const found =
    version === LATEST
      ? await rows.functions.get(reader, [reference.name])
      : await rows.versions.get(reader, [reference.name, Number(version)]);
  if (found === undefined) throw notFound({ ...reference, qualifier: version });
}

export const aliases = {
  async CreateAlias(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    const { reference, rows } = target;
    const revisionId = ctx.world.random.uuid();
    return ctx.transact(async (tx) => {
      await requireVersion(tx, target, input.FunctionVersion);
      if ((await rows.aliases.get(tx, [reference.name, input.Name])) !== undefined) {
        throw fault('ResourceConflictException', `Alias already exists: ${arnOf(reference, input.Name)}`);
      }
      const alias: AliasRow = {
        version: input.FunctionVersion,
        description: input.Description ?? '',
        weights: await weightsOf(tx, target, input.FunctionVersion, input.RoutingConfig),
        revisionId,
      };
      rows.aliases.set(tx, [reference.name, input.Name], alias);
      return describeAlias(target, input.Name, alias);
    });
  },

  async GetAlias(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    const alias = await target.rows.aliases.get(ctx.store, [target.reference.name, input.Name]);
    if (alias === undefined) throw aliasNotFound(target.reference, input.Name);
    return describeAlias(target, input.Name, alias);
  },

  async UpdateAlias(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    const { reference, rows } = target;
    const revisionId = ctx.world.random.uuid();
    const aliased = targetOf(ctx, input.FunctionName, input.Name);
    const provision = await rows.provisions.get(ctx.store, [reference.name, input.Name]);
    // What was kept ready of the version the alias leaves is let go.
    if (provision !== undefined) await keep(aliased, 0);
    const answer = await ctx.transact(async (tx) => {
      const before = await rows.aliases.get(tx, [reference.name, input.Name]);
      if (before === undefined) {
        throw fault('ResourceNotFoundException', `Alias not found: ${arnOf(reference, input.Name)}`);
      }
      checkRevision(input.RevisionId, before.revisionId, 'GetFunction/GetAlias');
      const version = input.FunctionVersion ?? before.version;
      await requireVersion(tx, target, version);
      const alias: AliasRow = {
        version,
        description: input.Description ?? before.description,
        weights:
          input.RoutingConfig === undefined
            ? before.weights
            : await weightsOf(tx, target, version, input.RoutingConfig),
        revisionId,
      };
      rows.aliases.set(tx, [reference.name, input.Name], alias);
      return describeAlias(target, input.Name, alias);
    });
    if (provision !== undefined) await provide(aliased);
    return answer;
  },

  async DeleteAlias(input, ctx) {
    const { reference, rows } = targetOf(ctx, input.FunctionName);
    await ctx.transact(async (tx) => {
      const key = [reference.name, input.Name] as const;
      if ((await rows.aliases.get(tx, [...key])) === undefined) return;
      rows.aliases.delete(tx, [...key]);
      rows.provisions.delete(tx, [...key]);
      rows.policies.delete(tx, [...key]);
      rows.eventInvokeConfigs.delete(tx, [...key]);
      const url = await rows.urls.get(tx, [...key]);
      if (url === undefined) return;
      rows.urls.delete(tx, [...key]);
      ctx.ports.directory.release(tx, 'lambda-url', url.urlId);
    });
    return {};
  },

  async ListAliases(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    await readFunction(ctx.store, target);
    const page = await pageOf(target.rows.aliases, ctx.store, [target.reference.name], input);
    const wanted = input.FunctionVersion;
    return {
      Aliases: page.rows
        .filter(
          ({ value }) =>
            wanted === undefined || value.version === wanted || value.weights[wanted] !== undefined,
        )
        .map(({ key, value }) => describeAlias(target, key[1], value)),
      NextMarker: page.marker,
    };
  },
} satisfies Group<LambdaOperations>;
