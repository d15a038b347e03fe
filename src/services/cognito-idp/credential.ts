import { fault } from './fault.ts';
import type { PasswordPolicy } from './password.ts';
import { passwordFlaw } from './password.ts';
import { passwordPolicy } from './pool.ts';
import type { PoolScope } from './scope.ts';
import { makeVerifier, passwordMatches, poolName } from './srp.ts';
import type { UserRow } from './user.ts';

/** How AWS begins the complaint depends on the operation. */
export type Wording = 'Password did not conform with policy' | 'Password does not conform to policy';

/** Throws InvalidPasswordException unless the pool's policy allows the password. */
export function checkPassword(policy: PasswordPolicy, password: string, wording: Wording): void {
  const flaw = passwordFlaw(password, policy);
  if (flaw !== undefined) throw fault('InvalidPasswordException', `${wording}: ${flaw}`);
}

/** The members of a user's row that a new password changes; `undefined` ones are to go. */
export function withPassword(
  { ctx, pool }: PoolScope,
  user: UserRow,
  password: string,
  options: { readonly temporary: boolean },
): UserRow {
  const policy = passwordPolicy(pool);
  const now = ctx.world.clock.now();
  const { passwordExpiresAtMs: _ends, failures: _failures, reset: _reset, ...rest } = user;
  const remembered = policy.PasswordHistorySize ?? 0;
  const earlier = [...(user.password === undefined ? [] : [user.password]), ...(user.earlierPasswords ?? [])];
  if (
    remembered > 0 &&
    earlier
      .slice(0, remembered)
      .some((kept) => passwordMatches(poolName(pool.id), user.username, password, kept))
  ) {
    throw fault('PasswordHistoryPolicyViolationException', 'Password has previously been used.');
  }
  return {
    ...rest,
    password: makeVerifier(poolName(pool.id), user.username, password, ctx.world.random.bytes(16)),
    ...(remembered > 0 ? { earlierPasswords: earlier.slice(0, remembered) } : {}),
    ...(options.temporary
      ? { passwordExpiresAtMs: now + policy.TemporaryPasswordValidityDays * 86_400_000 }
      : {}),
    modifiedAtMs: now,
  };
}
