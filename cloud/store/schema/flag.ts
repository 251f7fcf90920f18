/** A flag in a column: the databases have no type of their own for it that is the same in both. */
export type Flag = 0 | 1;
