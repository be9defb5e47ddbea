import { z } from 'zod'

export const roles = z.array(z.enum(['aca', 'ars', 'agw', 'agent']))
