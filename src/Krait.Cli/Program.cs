using Krait.Cli;
using Krait.Cli.Terminals;

using var terminal = Terminal.OfProcess();
return KraitCli.Run(args, terminal);
