import type { CognitoIdpOperations } from '../../model/gen/cognito-idp.ts';
import type { Group } from '../../service/service.ts';
import { fault } from './fault.ts';
import { DOMAIN_DIRECTORY } from './layout.ts';
import type { DomainRow } from './pool.ts';
import { poolScope, rowsOf } from './scope.ts';

const CLOUDFRONT_DOMAIN = 'd111111abcdef8.cloudfront.net';
const noSuchDomain = () => fault('ResourceNotFoundException', 'Domain does not exist.');

export const domains = {
  CreateUserPoolDomain: async (input, ctx) => {
    if (input.Routing !== undefined) throw fault('InvalidParameterException', 'Routing is not simulated.');
    const certificateArn = input.CustomDomainConfig?.CertificateArn;
    const row: DomainRow = {
      poolId: input.UserPoolId,
      managedLoginVersion: input.ManagedLoginVersion ?? 1,
      ...(certificateArn === undefined ? {} : { certificateArn }),
    };
    await ctx.transact(async (tx) => {
      const { rows, pool } = await poolScope(ctx, input.UserPoolId, tx);
      const place = certificateArn === undefined ? 'domain' : 'customDomain';
      if (pool[place] !== undefined) {
        throw fault('InvalidParameterException', 'User pool already has a domain configured.');
      }
      const claimed = await ctx.ports.directory.claim(
        tx,
        DOMAIN_DIRECTORY,
        domainKey(input.Domain, ctx.region),
        {
          account: ctx.account,
          region: ctx.region,
          detail: pool.id,
        },
      );
      if (!claimed || (await rows.domains.get(tx, [input.Domain])) !== undefined) {
        throw fault('InvalidParameterException', 'Domain already associated with another user pool.');
      }
      rows.domains.set(tx, [input.Domain], row);
      rows.pools.set(tx, [pool.id], { ...pool, [place]: input.Domain });
    });
    return {
      ManagedLoginVersion: row.managedLoginVersion,
      ...(certificateArn === undefined ? {} : { CloudFrontDomain: CLOUDFRONT_DOMAIN }),
    };
  },

  DescribeUserPoolDomain: async (input, ctx) => {
    const domain = await rowsOf(ctx).domains.get(ctx.store, [input.Domain]);
    if (domain === undefined) return { DomainDescription: {} };
    return {
      DomainDescription: {
        UserPoolId: domain.poolId,
        AWSAccountId: ctx.account,
        Domain: input.Domain,
        Status: 'ACTIVE' as const,
        ManagedLoginVersion: domain.managedLoginVersion,
        ...(domain.certificateArn === undefined
          ? {}
          : { CustomDomainConfig: { CertificateArn: domain.certificateArn } }),
      },
    };
  },

  UpdateUserPoolDomain: async (input, ctx) => {
    if (input.Routing !== undefined) throw fault('InvalidParameterException', 'Routing is not simulated.');
    const updated = await ctx.transact(async (tx) => {
      const { rows, pool } = await poolScope(ctx, input.UserPoolId, tx);
      const domain = await rows.domains.get(tx, [input.Domain]);
      if (domain === undefined || domain.poolId !== pool.id) throw noSuchDomain();
      const next: DomainRow = {
        ...domain,
        managedLoginVersion: input.ManagedLoginVersion ?? domain.managedLoginVersion,
        ...(input.CustomDomainConfig === undefined
          ? {}
          : { certificateArn: input.CustomDomainConfig.CertificateArn }),
      };
      rows.domains.set(tx, [input.Domain], next);
      return next;
    });
    return {
      ManagedLoginVersion: updated.managedLoginVersion,
      ...(updated.certificateArn === undefined ? {} : { CloudFrontDomain: CLOUDFRONT_DOMAIN }),
    };
  },

  DeleteUserPoolDomain: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      const { rows, pool } = await poolScope(ctx, input.UserPoolId, tx);
      const domain = await rows.domains.get(tx, [input.Domain]);
      if (domain === undefined || domain.poolId !== pool.id) throw noSuchDomain();
      const { domain: prefix, customDomain, ...rest } = pool;
      rows.domains.delete(tx, [input.Domain]);
      rows.pools.set(tx, [pool.id], {
        ...rest,
        ...(prefix === undefined || prefix === input.Domain ? {} : { domain: prefix }),
        ...(customDomain === undefined || customDomain === input.Domain ? {} : { customDomain }),
      });
      ctx.ports.directory.release(tx, DOMAIN_DIRECTORY, domainKey(input.Domain, ctx.region));
    });
    return {};
  },
} satisfies Group<CognitoIdpOperations>;

/** A prefix is unique in its region, a domain of one's own everywhere. */
function domainKey(domain: string, region: string): string {
  return domain.includes('.') ? domain : `${domain}.auth.${region}`;
}
