// Style sheets are bundled beside the program; importing one brings nothing.
declare module "*.css";
