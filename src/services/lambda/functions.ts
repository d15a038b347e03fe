import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { Group } from '../../service/service.ts';
import { readCapacity } from './capacity-provider.ts';
import { type CodeSource, storeCode } from './code.ts';
import { codeLocation } from './code-door.ts';
import { attachSigning } from './code-signing.ts';
import {
  checkName,
  checkPackage,
  describe,
  listed,
  newFunction,
  refuseUnsupported,
  storedOnly,
} from './function.ts';
import { holdVersion, noteStored, releaseVersion, warmUp } from './holding.ts';
import { imageLocation, storeImage } from './image.ts';
import { readLayers } from './layer-use.ts';
import { type FunctionRow, layout } from './layout.ts';
import { pageOf } from './pages.ts';
import { notFound, readFunction, readVersion, targetOf } from './reading.ts';
import { arnOf, fault, functionArn, isVersionNumber, LATEST } from './reference.ts';
import { assumeRole } from './roles.ts';
import { checkRuntime, noteRuntime } from './runtime.ts';
import { checkTags } from './tag.ts';

export const functions = {
  async CreateFunction(input, ctx) {
    refuseUnsupported(input as unknown as Readonly<Record<string, unknown>>);
    const target = targetOf(ctx, input.FunctionName);
    const { reference, rows } = target;
    const { name } = reference;
    checkName(name);
    checkPackage(input);
    checkRuntime(input.Runtime);
    if (input.Tags !== undefined) checkTags(input.Tags);
    const exists = () => fault('ResourceConflictException', `Function already exist: ${name}`);
    const found = {
      layers: await readLayers(ctx, input.Layers ?? []),
      capacity: await readCapacity(ctx, input.CapacityProviderConfig),
    };
    if ((await rows.functions.get(ctx.store, [name])) !== undefined) throw exists();
    await assumeRole(ctx, input.Role, name, functionArn(reference, name));
    const { ImageUri } = input.Code;
    const made =
      ImageUri === undefined
        ? { code: await storeCode(ctx, input.Code as CodeSource) }
        : await storeImage(ctx, ImageUri, undefined);
    const latest = newFunction(
      name,
      input,
      found,
      {
        ...made,
        lastModifiedMs: ctx.world.clock.now(),
        revisionId: ctx.world.random.uuid(),
      },
      target.ctx,
    );
    const publishes = input.Publish === true;
    const first = publishes ? { ...latest, version: '1', revisionId: ctx.world.random.uuid() } : undefined;
    await ctx.transact(async (tx) => {
      if ((await rows.functions.get(tx, [name])) !== undefined) throw exists();
      const row: FunctionRow = {
        latest,
        nextVersion: publishes ? 2 : 1,
        codeSigning: await attachSigning(tx, target, input.CodeSigningConfigArn),
        tags: input.Tags ?? {},
      };
      rows.functions.set(tx, [name], row);
      await holdVersion(ctx, tx, latest);
      if (first !== undefined) {
        rows.versions.set(tx, [name, 1], first);
        await holdVersion(ctx, tx, first);
      }
    });
    noteStored(ctx, name, [
      ...storedOnly(input),
      ...(input.CodeSigningConfigArn === undefined ? [] : ['CodeSigningConfigArn']),
    ]);
    noteRuntime(ctx, name, input.Runtime);
    warmUp(ctx, latest);
    // To become active is another revision.
    const pending = { ...(first ?? latest), revisionId: ctx.world.random.uuid() };
    return describe(pending, target.ctx, { progress: 'creating' });
  },

  async GetFunction(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const row = await readFunction(target.ctx.store, target);
    const version = await readVersion(target.ctx.store, target);
    return {
      Configuration: describe(version, target.ctx, {
        qualifier: target.reference.qualifier,
        pinned: row.runtimeManagement?.[version.version],
      }),
      Code:
        version.image === undefined
          ? { RepositoryType: 'S3', Location: await codeLocation(target.ctx, version.code) }
          : imageLocation(version.image),
      Tags: Object.keys(row.tags).length === 0 ? undefined : row.tags,
      Concurrency:
        row.reservedConcurrency === undefined
          ? undefined
          : { ReservedConcurrentExecutions: row.reservedConcurrency },
    };
  },

  async GetFunctionConfiguration(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const { runtimeManagement } = await readFunction(ctx.store, target);
    const version = await readVersion(ctx.store, target);
    return describe(version, target.ctx, {
      qualifier: target.reference.qualifier,
      pinned: runtimeManagement?.[version.version],
    });
  },

  async DeleteFunction(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const { reference, rows } = target;
    const { name, qualifier } = reference;
    if (qualifier === LATEST) {
      throw fault(
        'InvalidParameterValueException',
        '$LATEST version cannot be deleted without deleting the function.',
      );
    }
    if (qualifier !== undefined && !isVersionNumber(qualifier)) {
      throw fault('InvalidParameterValueException', `Deletion of aliases is not currently supported.`);
    }
    await ctx.transact(async (tx) => {
      const row = await rows.functions.get(tx, [name]);
      if (row === undefined) throw notFound({ ...reference, qualifier: undefined });
      if (qualifier !== undefined) {
        const version = await rows.versions.get(tx, [name, Number(qualifier)]);
        if (version === undefined) return;
        const aliases = await rows.aliases.all(tx, [name]);
        const used = aliases.filter(
          ({ value }) => value.version === qualifier || value.weights[qualifier] !== undefined,
        );
        if (used.length > 0) {
          throw fault(
            'ResourceConflictException',
            `Version ${qualifier} is in use by alias(es): ${used.map(({ key }) => key[1]).join(', ')}. Please update the alias(es) before deleting the version.`,
          );
        }
        rows.versions.delete(tx, [name, Number(qualifier)]);
        rows.provisions.delete(tx, [name, qualifier]);
        rows.scalings.delete(tx, [name, qualifier]);
        rows.policies.delete(tx, [name, qualifier]);
        rows.eventInvokeConfigs.delete(tx, [name, qualifier]);
        await releaseVersion(ctx, tx, version);
        return;
      }
      rows.functions.delete(tx, [name]);
      if (row.codeSigning !== undefined) rows.signedFunctions.delete(tx, [row.codeSigning, name]);
      await releaseVersion(ctx, tx, row.latest);
      for (const { key, value } of await rows.versions.all(tx, [name])) {
        rows.versions.delete(tx, key);
        await releaseVersion(ctx, tx, value);
      }
      for (const { key } of await rows.aliases.all(tx, [name])) rows.aliases.delete(tx, key);
      for (const { key } of await rows.policies.all(tx, [name])) rows.policies.delete(tx, key);
      for (const { key } of await rows.eventInvokeConfigs.all(tx, [name]))
        rows.eventInvokeConfigs.delete(tx, key);
      for (const { key } of await rows.provisions.all(tx, [name])) rows.provisions.delete(tx, key);
      for (const { key } of await rows.scalings.all(tx, [name])) rows.scalings.delete(tx, key);
      for (const { key, value } of await rows.urls.all(tx, [name])) {
        rows.urls.delete(tx, key);
        ctx.ports.directory.release(tx, 'lambda-url', value.urlId);
      }
    });
    await ctx.ports.runtimes.evict(arnOf(reference, qualifier ?? LATEST));
    return { StatusCode: 204 };
  },

  async ListFunctions(input, ctx) {
    const { MasterRegion } = input;
    // Replicas are Lambda@Edge's, and no function here has any.
    if (MasterRegion !== undefined && MasterRegion !== 'ALL' && MasterRegion !== ctx.region)
      return { Functions: [] };
    const rows = layout.at(ctx.account, ctx.region);
    const page = await pageOf(rows.functions, ctx.store, [], input);
    const all = input.FunctionVersion === 'ALL';
    const Functions = [];
    for (const { key, value } of page.rows) {
      Functions.push(listed(value.latest, ctx, all));
      if (!all) continue;
      for (const version of await rows.versions.all(ctx.store, [key[0]])) {
        Functions.push(listed(version.value, ctx, true));
      }
    }
    return { Functions, NextMarker: page.marker };
  },
} satisfies Group<LambdaOperations>;
