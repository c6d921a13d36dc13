/** Returns true for 127.0.0.0/8 and every form of ::1. */
export function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\./i.test(address) || /^(?:::|(?:0{1,4}:){1,7}:?)0{0,3}1$/.test(address);
}
