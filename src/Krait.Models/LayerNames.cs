// Models speak of layers; ops of the same noun lie below them.
global using BatchNorm = Krait.Nn.BatchNorm;
global using Conv = Krait.Nn.Conv;
global using ConvTranspose = Krait.Nn.ConvTranspose;
global using DepthwiseConv = Krait.Nn.DepthwiseConv;
global using GroupNorm = Krait.Nn.GroupNorm;
global using InstanceNorm = Krait.Nn.InstanceNorm;
global using LayerNorm = Krait.Nn.LayerNorm;
