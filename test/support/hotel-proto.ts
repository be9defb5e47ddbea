import { readFileSync } from 'node:fs'
import { parseProtobuf } from '../../src/wire/format/descriptors.ts'

/** Made by: buf build test/fixtures/proto -o test/fixtures/proto/hotel.binpb --as-file-descriptor-set */
export const HOTEL_DESCRIPTORS = new URL('../fixtures/proto/hotel.binpb', import.meta.url)

export const hotelParams = () => ({
  descriptorSet: readFileSync(HOTEL_DESCRIPTORS).toString('base64'),
  input: 'hotel.v1.BookRequest',
  output: 'hotel.v1.Booking'
})

export const hotelTypes = () => parseProtobuf(hotelParams())
