/** Public keys of whoever seals this product's firmware: paste the whole text of NAME.pub in place of the first one. */
export default ["the text of NAME.pub"];
