export const observers = () => 2;
