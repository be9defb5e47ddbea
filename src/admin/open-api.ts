import { z } from 'zod'
import { type AdminOperation, adminOperations } from './operations.ts'
import { errorShape } from './types.ts'

type Json = Record<string, unknown>

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

function describe(name: string, operation: AdminOperation): Json {
  const request = schemaOf(operation.request, 'input')
  const properties = Object.entries((request['properties'] ?? {}) as Json)
  const required = (request['required'] ?? []) as string[]
  const media = operation.stream ? 'application/x-ndjson' : 'application/json'
  return {
    operationId: name,
    summary: operation.summary,
    ...(operation.method === 'GET'
      ? { parameters: properties.map(([key, schema]) => ({ name: key, in: 'query', required: required.includes(key), schema })) }
      : { requestBody: { required: true, content: { 'application/json': { schema: request } } } }),
    responses: {
      200: {
        description: operation.stream ? 'One document per line; a line {"error": ...} ends a stream that failed.' : 'Done.',
        content: { [media]: { schema: schemaOf(operation.response, 'output') } }
      },
      default: { description: 'A refusal or failure.', content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } } }
    }
  }
}

/** The admin API as an OpenAPI 3.1 document, made from the table that the server itself is made from. */
export function openApi(version: string): Json {
  const paths: Record<string, Json> = {}
  for (const [name, operation] of Object.entries(adminOperations)) paths[operation.path] = { [operation.method.toLowerCase()]: describe(name, operation) }
  return {
    openapi: '3.1.0',
    info: { title: 'Hansa node, admin API', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'The content of admin.token in the home of the node.' } },
      schemas: { Refusal: schemaOf(z.object({ error: errorShape }), 'output') }
    }
  }
}
