Console.WriteLine("krait");
return 0;
