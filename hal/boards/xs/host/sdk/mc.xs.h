/* Names of the properties that the SDK's C sources use. The SDK's own tools give them numbers when they link; here the names
   are looked up. */
#ifndef MC_XS_H
#define MC_XS_H

#define xsID_a fxID(the, "a")
#define xsID_b fxID(the, "b")
#define xsID_m fxID(the, "m")
#define xsID_x fxID(the, "x")
#define xsID_y fxID(the, "y")
#define xsID_z fxID(the, "z")
#define xsID_length fxID(the, "length")

#endif
