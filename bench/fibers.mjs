export const fibers = () => 2;
