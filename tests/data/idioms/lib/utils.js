export const B = 'http://a.local';
export const isEven = (n) => n % 2 === 0;
