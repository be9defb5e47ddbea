/** The four roles of the draft (2.1), in the order in which a node that has several is named. */
export const ROLES = ['aca', 'ars', 'agw', 'agent'] as const

export type Role = (typeof ROLES)[number]

export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text)
}

/** Roles in canonical order without repetition; the first one names the node in its SPIFFE ID. */
export function sortRoles(roles: Iterable<Role>): Role[] {
  const set = new Set(roles)
  return ROLES.filter((role) => set.has(role))
}
