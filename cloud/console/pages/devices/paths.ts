interface Named {
  readonly productId: string;
  readonly deviceName: string;
}

export function pathOfDevice({ productId, deviceName }: Named): string {
  return `/devices/${encodeURIComponent(productId)}/${encodeURIComponent(deviceName)}`;
}

/** @returns `PRODUCT/NAME` */
export function spell({ productId, deviceName }: Named): string {
  return `${productId}/${deviceName}`;
}
